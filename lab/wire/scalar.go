package wire

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"
)

// Text forms of the scalars, shared by the protocols.

func parseNumber(s *shape, text, path string) (any, error) {
	if isFloat(s) {
		switch text {
		case "Infinity", "-Infinity":
			return math.Inf(1 - 2*strings.Count(text, "-")), nil
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, badInput(path, "%q is not a number", text)
		}
		return f, nil
	}
	bits := 64
	if s.Type == "integer" {
		bits = 32
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err == nil {
		return n, nil
	}
	// 1e3 and 2.0 are whole numbers too.
	if f, ferr := strconv.ParseFloat(text, 64); ferr == nil && f == math.Trunc(f) && math.Abs(f) < math.Ldexp(1, bits-1) {
		return int64(f), nil
	}
	return nil, badInput(path, "%q is not a whole number of %d bits", text, bits)
}

func formatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func parseBool(text, path string) (any, error) {
	switch strings.ToLower(text) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return nil, badInput(path, "%q is neither true nor false", text)
}

func parseBlob(text, path string) (any, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, badInput(path, "not base64: %v", err)
	}
	return b, nil
}

// maxEpoch is the year 9999, beyond which RFC 3339 has no form.
const maxEpoch = 253402300799

// parseEpoch reads seconds since 1970 with a fraction, to the millisecond (what AWS sends and SDKs keep).
func parseEpoch(text, path string) (any, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > maxEpoch {
		return nil, badInput(path, "%q is not a time in seconds", text)
	}
	return time.UnixMilli(int64(math.Round(f * 1000))).UTC(), nil
}

// epoch is the shortest exact form of t to the millisecond.
func epoch(t time.Time) string {
	ms := t.UnixMilli()
	sign := ""
	if ms < 0 {
		sign, ms = "-", -ms
	}
	text := sign + strconv.FormatInt(ms/1000, 10)
	if frac := ms % 1000; frac != 0 {
		text += "." + strings.TrimRight(strconv.FormatInt(1000+frac, 10)[1:], "0")
	}
	return text
}

const iso8601 = "2006-01-02T15:04:05.999Z"

// parseTime reads a timestamp's text; every format AWS clients send is taken whatever the model prefers.
func parseTime(format, text, path string) (any, error) {
	if format == "unixTimestamp" {
		return parseEpoch(text, path)
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02", time.RFC1123, "Mon, 2 Jan 2006 15:04:05 GMT"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return parseEpoch(text, path)
}

func formatTime(format string, t time.Time) string {
	switch format {
	case "unixTimestamp":
		return epoch(t)
	case "rfc822":
		return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	}
	return t.UTC().Format(iso8601)
}

func formatBlob(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
