package evidence

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Redacted stands where a secret stood.
const Redacted = "[redacted]"

// Clean makes foreign text safe to show: terminal escape sequences, control characters (but newline and tab), invisible
// direction marks and invalid UTF-8 are gone. Clean text never moves a cursor.
func Clean(s string) string {
	if !strings.ContainsFunc(s, unprintable) && utf8.ValidString(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = terminalEscape.ReplaceAllString(s, "")
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if unprintable(r) {
			return -1
		}
		return r
	}, s)
}

// CSI, OSC/DCS/PM/APC strings, and two-character escapes, in 7-bit and 8-bit form. An unterminated string runs to the
// end of its line.
var terminalEscape = regexp.MustCompile("(?:\x1b\\[|\u009b)[0-?]*[ -/]*[@-~]?" +
	"|(?:\x1b[\\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\x07\x1b\u009c\n]*(?:\x07|\x1b\\\\|\u009c)?" +
	"|\x1b[ -/]*[0-~]?")

func unprintable(r rune) bool {
	if r == '\n' || r == '\t' {
		return false
	}
	return unicode.IsControl(r) || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x2069 || r == 0xfeff
}

// Redact replaces secrets in s by Redacted: AWS access keys and session tokens, values whose key says password, secret,
// token or the like (key=value, key: value, JSON, flags), credentials in URLs, Authorization headers, JSON web tokens,
// PEM blocks and the tokens of well-known providers. ARNs, addresses, image names, and AWS's own sentences stay.
// Redact(Redact(s)) is Redact(s).
func Redact(s string) string {
	for range 8 { // what was hidden changes how its neighbours read
		next := s
		for _, r := range opaque {
			next = r.pattern.ReplaceAllString(next, r.with)
		}
		next = redactPairs(redactBearer(next))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// RedactLines redacts lines that follow each other in one log: a PEM block may span many of them.
func RedactLines(lines []string) []string {
	out := make([]string, len(lines))
	inPEM := false
	for i, line := range lines {
		begins := strings.Contains(line, "-----BEGIN ") && privatePEM.MatchString(line)
		switch {
		case inPEM:
			out[i] = Redacted
		default:
			out[i] = Redact(line)
		}
		if begins {
			inPEM = true
		}
		if strings.Contains(line, "-----END ") {
			inPEM = false
		}
	}
	return out
}

// RedactArgs redacts a command line: also the argument that follows a flag such as --password.
func RedactArgs(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = Redact(a)
		if i > 0 && strings.HasPrefix(args[i-1], "-") && !strings.Contains(args[i-1], "=") &&
			SecretName(strings.TrimLeft(args[i-1], "-")) && !harmless(a) {
			out[i] = Redacted
		}
	}
	return out
}

// SecretName reports whether a variable, option or JSON key of this name holds a secret.
func SecretName(name string) bool {
	return secretName.MatchString(name) && !innocentName.MatchString(name)
}

const secretWord = `pass(?:word|wd|phrase)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|signature|authorization`

var (
	secretName = regexp.MustCompile(`(?i)(?:` + secretWord + `)|^auth$|^_auth$`)
	// Names of things about a secret, not of the secret.
	innocentName = regexp.MustCompile(`(?i)(?:arn|arns|name|names|count|path|file|type|length|ttl|expiry|expires|expiration|version|` +
		`status|policy|field|header|manager|secretsmanager|store|tokens|endpoint|region)$`)
	privatePEM = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE|PGP MESSAGE)[A-Z0-9 ]*-----`)
)

var opaque = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY|CERTIFICATE|PGP MESSAGE)[A-Z0-9 ]*-----.*?(?:-----END [A-Z0-9 ]*-----|\z)`), Redacted},
	{regexp.MustCompile(`\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{4})[A-Z0-9]{8,}\b`), "$1" + Redacted},
	{regexp.MustCompile(`\b(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9+/=%_-]{32,}`), Redacted},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*`), Redacted},
	{regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^\s:/@"'?]*):[^\s/"']+@`), "$1:" + Redacted + "@"},
	{regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,}` +
		`|xox[abeoprs]-[A-Za-z0-9-]{10,}|[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|AIza[A-Za-z0-9_-]{30,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})`), Redacted},
}

// An Authorization header, or its value alone.
var (
	authHeader = regexp.MustCompile(`(?i)\b((?:proxy-)?authorization\\?["']?\s*[:=]\s*\\?["']?(?:aws4-hmac-sha256|basic|bearer|digest|negotiate|token)\s+)[^"'\\\r\n]+`)
	bearer     = regexp.MustCompile(`(?i)\b((?:bearer|basic)\s+)([A-Za-z0-9._~+/-]{8,}=*)`)
)

func redactBearer(s string) string {
	s = authHeader.ReplaceAllString(s, "${1}"+Redacted)
	return bearer.ReplaceAllStringFunc(s, func(m string) string {
		p := bearer.FindStringSubmatch(m)
		if len(p[2]) < 20 && !strings.ContainsAny(p[2], "0123456789=") { // "basic authentication"
			return m
		}
		return p[1] + Redacted
	})
}

// pair finds NAME, separator, value. Groups: 1 flag dashes, 2 opening quote of the name, 3 name, 4 closing quote,
// 5 separator, 6 value.
var pair = regexp.MustCompile(`(?i)(--)?(\\?["'])?\b([A-Za-z0-9_.-]*(?:` + secretWord + `)[A-Za-z0-9_-]*|_?auth)(\\?["'])?(\s*=+\s*|\s*:+\s*|\s+)` +
	`(\\"(?:[^"\\]|\\[^"])*(?:\\"|$)|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s=:,;&"'{}()\[\]\\][^\s,;&"'{}()\[\]\\]*)`)

var arnSpan = regexp.MustCompile(`\barn:aws[a-z-]*:[A-Za-z0-9:/_.*+@-]+`)

func redactPairs(s string) string {
	arns := arnSpan.FindAllStringIndex(s, -1)
	var b strings.Builder
	done := 0
	for at := 0; at < len(s); {
		m := pair.FindStringSubmatchIndex(s[at:])
		if m == nil {
			break
		}
		group := func(n int) string {
			if m[2*n] < 0 {
				return ""
			}
			return s[at+m[2*n] : at+m[2*n+1]]
		}
		nameAt, valueAt, end := at+m[6], at+m[12], at+m[13]
		before := byte(' ')
		if nameAt > 0 {
			before = s[nameAt-1]
		}
		p := pairing{flag: group(1) != "", quoted: group(4) != "", name: group(3), separator: group(5), value: group(6), before: before, after: s[end:]}
		if inSpan(arns, nameAt) || !p.secret() {
			at = max(at+m[7], at+1) // go on behind the name: the value may itself be a name
			continue
		}
		b.WriteString(s[done:valueAt])
		open, shut := quotes(p.value)
		b.WriteString(open + Redacted + shut)
		done, at = end, end
	}
	b.WriteString(s[done:])
	return b.String()
}

type pairing struct {
	flag, quoted                  bool
	name, separator, value, after string
	before                        byte
}

// secret decides whether the value of a pair is a secret, or a word of a sentence.
func (p pairing) secret() bool {
	open, _ := quotes(p.value)
	bare := strings.TrimSuffix(strings.TrimPrefix(p.value, open), open)
	separator := strings.TrimSpace(p.separator)
	switch {
	case !SecretName(p.name), harmless(bare):
		return false
	case strings.EqualFold(p.name, "auth") || strings.EqualFold(p.name, "_auth"):
		return p.quoted && open != "" || separator == "="
	case separator == "": // a flag and its value stand apart; in a sentence they are just words
		return p.flag
	case strings.HasPrefix(separator, "="), p.quoted, open != "":
		return true
	case strings.HasSuffix(p.separator, ":"): // NAME:VALUE is more often an image, an action or a path
		return p.before != '/' && p.before != ':' && p.before != '.' && plainName.MatchString(p.name)
	}
	return !p.prose()
}

var (
	plainName = regexp.MustCompile(`(?i)^(?:[a-z]+_)?(?:password|passwd|pwd|passphrase|secret|token|api_?key)$`)
	letters   = regexp.MustCompile(`^[A-Za-z]+[:.!?]?$`)
	verdict   = regexp.MustCompile(`(?i)^(?:expired|invalid|missing|required|denied|failed|failure|unknown|unauthorized|forbidden|rejected|wrong|empty|ok|valid|set|unset|[a-z]*(?:exception|error))[:.!?]?$`)
)

// prose reports whether "name: value" reads like a sentence: "invalid token: signature is wrong".
func (p pairing) prose() bool {
	if !letters.MatchString(p.value) {
		return false
	}
	return verdict.MatchString(p.value) ||
		len(p.after) > 1 && strings.IndexByte(" '", p.after[0]) >= 0 && unicode.IsLetter(rune(p.after[1]))
}

// harmless values are no secrets whatever their name says.
func harmless(v string) bool {
	switch strings.ToLower(v) {
	case "", "true", "false", "null", "nil", "none", "undefined", "yes", "no", "-", "*", "***", "****":
		return true
	}
	return strings.HasPrefix(v, "arn:aws") || strings.HasPrefix(v, Redacted) || strings.HasPrefix(v, "[redacted") ||
		strings.HasPrefix(v, "/") || strings.HasPrefix(v, "$") || strings.Contains(v, Redacted)
}

// quotes returns the opening and closing quote of a value as it was written.
func quotes(v string) (open, shut string) {
	for _, q := range []string{`\"`, `"`, `'`} {
		if strings.HasPrefix(v, q) {
			if len(v) > len(q) && strings.HasSuffix(v, q) {
				return q, q
			}
			return q, ""
		}
	}
	return "", ""
}

func inSpan(spans [][]int, at int) bool {
	for _, s := range spans {
		if at >= s[0] && at < s[1] {
			return true
		}
	}
	return false
}
