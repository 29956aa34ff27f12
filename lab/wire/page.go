package wire

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// ErrInvalidToken says that a pagination token was not made by Page. A handler passes it on as it is: the
// server answers each service's own code for it.
var ErrInvalidToken = errors.New("the pagination token is not valid")

const tokenPrefix = "page/"

// Page cuts one page out of items: at most limit of them, or defaultLimit when limit is not positive, or
// all when neither is. token is "" for the first page, else what the previous call gave as next; next is ""
// on the last page. The error is ErrInvalidToken. A token holds a position only, so that an item added or
// removed between two pages may be missed or seen twice, as with AWS.
func Page[T any](items []T, token string, limit, defaultLimit int) (page []T, next string, err error) {
	from := 0
	if token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			return nil, "", ErrInvalidToken
		}
		n, ok := strings.CutPrefix(string(raw), tokenPrefix)
		if !ok {
			return nil, "", ErrInvalidToken
		}
		if from, err = strconv.Atoi(n); err != nil || from <= 0 {
			return nil, "", ErrInvalidToken
		}
	}
	if limit <= 0 {
		limit = defaultLimit
	}
	from = min(from, len(items))
	rest := items[from:]
	if limit <= 0 || limit >= len(rest) {
		return rest, "", nil
	}
	return rest[:limit:limit], base64.RawURLEncoding.EncodeToString([]byte(tokenPrefix + strconv.Itoa(from+limit))), nil
}
