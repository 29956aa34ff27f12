package wire

import (
	"encoding/binary"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// CBOR (RFC 8949), as much as Smithy RPC v2 uses of it: every major type, definite and indefinite lengths,
// floats of 16, 32 and 64 bits, and tag 1 (seconds since 1970). Values are map[string]any, []any, string,
// []byte, int64, uint64 (only above int64's range), float64, bool, nil (null and undefined) and cborTag.

// Limits on a document, far above what AWS takes, so that no request costs more than its size.
const (
	maxCBORDepth = 64
	maxCBORItems = 1_000_000
)

// cborTag is a tagged value.
type cborTag struct {
	number uint64
	value  any
}

const cborEpochTag = 1

// Major types.
const (
	cborUint = iota
	cborNegative
	cborBytes
	cborText
	cborArray
	cborMap
	cborTagged
	cborSimple
)

// cborIndefinite is the length in the head of an item whose end is a break.
const cborIndefinite = 31

// cborBreak is what the parser gives for a break, which is no value.
type cborBreak struct{}

// parseCBOR reads exactly one value.
func parseCBOR(body []byte) (any, error) {
	p := &cborParser{rest: body}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if len(p.rest) > 0 {
		return nil, badInput("", "the body goes on after the CBOR value")
	}
	return v, nil
}

type cborParser struct {
	rest  []byte
	items int
}

func (p *cborParser) fail(format string, args ...any) error {
	return badInput("", "the body is not CBOR: "+format, args...)
}

func (p *cborParser) take(n uint64) ([]byte, error) {
	if n > uint64(len(p.rest)) {
		return nil, p.fail("%d bytes are missing at its end", n-uint64(len(p.rest)))
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b, nil
}

// head reads an item's first bytes: its major type, the low five bits (info), and the argument.
func (p *cborParser) head() (major, info byte, arg uint64, err error) {
	b, err := p.take(1)
	if err != nil {
		return 0, 0, 0, err
	}
	major, info = b[0]>>5, b[0]&31
	switch {
	case info < 24:
		return major, info, uint64(info), nil
	case info < 28:
		if b, err = p.take(1 << (info - 24)); err != nil {
			return 0, 0, 0, err
		}
		var wide [8]byte
		copy(wide[8-len(b):], b)
		return major, info, binary.BigEndian.Uint64(wide[:]), nil
	case info == cborIndefinite && major >= cborBytes && major != cborTagged:
		return major, info, 0, nil
	}
	return 0, 0, 0, p.fail("byte %#02x begins no item", b[0])
}

func (p *cborParser) value(depth int) (any, error) {
	v, err := p.valueOrBreak(depth)
	if _, ok := v.(cborBreak); ok && err == nil {
		return nil, p.fail("a break outside an item of indefinite length")
	}
	return v, err
}

func (p *cborParser) valueOrBreak(depth int) (any, error) {
	if depth > maxCBORDepth {
		return nil, badInput("", "nested deeper than %d levels", maxCBORDepth)
	}
	if p.items++; p.items > maxCBORItems {
		return nil, badInput("", "more than %d values", maxCBORItems)
	}
	major, info, arg, err := p.head()
	if err != nil {
		return nil, err
	}
	indefinite := info == cborIndefinite
	switch major {
	case cborUint:
		if arg <= math.MaxInt64 {
			return int64(arg), nil
		}
		return arg, nil
	case cborNegative:
		if arg > math.MaxInt64 {
			return nil, p.fail("a number below 64 bits")
		}
		return -1 - int64(arg), nil
	case cborBytes, cborText:
		return p.text(major, arg, indefinite)
	case cborArray:
		return p.array(arg, indefinite, depth)
	case cborMap:
		return p.mapping(arg, indefinite, depth)
	case cborTagged:
		v, err := p.value(depth + 1)
		return cborTag{arg, v}, err
	}
	return p.simple(info, arg)
}

// text reads a byte or text string, in chunks when its length is indefinite.
func (p *cborParser) text(major byte, length uint64, indefinite bool) (any, error) {
	var b []byte
	var err error
	if !indefinite {
		b, err = p.take(length)
	}
	for indefinite && err == nil {
		var m, info byte
		var n uint64
		var chunk []byte
		if m, info, n, err = p.head(); err != nil {
			break
		}
		if m == cborSimple && info == cborIndefinite {
			break
		}
		if m != major || info == cborIndefinite {
			return nil, p.fail("a chunk of another type in a string")
		}
		chunk, err = p.take(n)
		b = append(b, chunk...)
	}
	if err != nil {
		return nil, err
	}
	if major == cborBytes {
		return append([]byte{}, b...), nil
	}
	if !utf8.Valid(b) {
		return nil, p.fail("text that is not UTF-8")
	}
	return string(b), nil
}

// array does not trust the length: what is not there cannot be read.
func (p *cborParser) array(length uint64, indefinite bool, depth int) (any, error) {
	out := []any{}
	for i := uint64(0); indefinite || i < length; i++ {
		v, err := p.valueOrBreak(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, end := v.(cborBreak); end {
			if indefinite {
				break
			}
			return nil, p.fail("an array shorter than its length")
		}
		out = append(out, v)
	}
	return out, nil
}

func (p *cborParser) mapping(length uint64, indefinite bool, depth int) (any, error) {
	out := map[string]any{}
	for i := uint64(0); indefinite || i < length; i++ {
		k, err := p.valueOrBreak(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, end := k.(cborBreak); end && indefinite {
			break
		}
		key, ok := k.(string)
		if !ok {
			return nil, p.fail("a map key that is not text")
		}
		if _, twice := out[key]; twice {
			return nil, p.fail("the map key %q is there twice", key)
		}
		if out[key], err = p.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (p *cborParser) simple(info byte, arg uint64) (any, error) {
	switch info {
	case 20, 21:
		return info == 21, nil
	case 22, 23: // null, undefined
		return nil, nil
	case 25:
		return halfFloat(uint16(arg)), nil
	case 26:
		return float64(math.Float32frombits(uint32(arg))), nil
	case 27:
		return math.Float64frombits(arg), nil
	case cborIndefinite:
		return cborBreak{}, nil
	}
	return nil, p.fail("simple value %d", arg)
}

// halfFloat is the value of a float of 16 bits: one sign, five exponent and ten fraction bits.
func halfFloat(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 31:
		f = math.Inf(1)
		if fraction != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits>>15 == 1 {
		return -f
	}
	return f
}

// appendCBOR writes a value in its shortest definite form, map keys in order, floats of 64 bits; a
// time.Time as seconds since 1970 under tag 1. Text that is not UTF-8 is mended.
func appendCBOR(b []byte, v any) []byte {
	switch t := v.(type) {
	case map[string]any:
		b = appendCBORHead(b, cborMap, uint64(len(t)))
		for _, k := range sortedKeys(t) {
			b = appendCBOR(appendCBOR(b, k), t[k])
		}
		return b
	case []any:
		b = appendCBORHead(b, cborArray, uint64(len(t)))
		for _, e := range t {
			b = appendCBOR(b, e)
		}
		return b
	case string:
		t = strings.ToValidUTF8(t, "\uFFFD")
		return append(appendCBORHead(b, cborText, uint64(len(t))), t...)
	case []byte:
		return append(appendCBORHead(b, cborBytes, uint64(len(t))), t...)
	case int64:
		if t < 0 {
			return appendCBORHead(b, cborNegative, uint64(-1-t))
		}
		return appendCBORHead(b, cborUint, uint64(t))
	case uint64:
		return appendCBORHead(b, cborUint, t)
	case float64:
		return binary.BigEndian.AppendUint64(append(b, cborSimple<<5|27), math.Float64bits(t))
	case bool:
		if t {
			return append(b, cborSimple<<5|21)
		}
		return append(b, cborSimple<<5|20)
	case cborTag:
		return appendCBOR(appendCBORHead(b, cborTagged, t.number), t.value)
	case time.Time:
		if ms := t.UnixMilli(); ms%1000 != 0 {
			return appendCBOR(b, cborTag{cborEpochTag, float64(ms) / 1000})
		}
		return appendCBOR(b, cborTag{cborEpochTag, t.Unix()})
	}
	return append(b, cborSimple<<5|22)
}

func appendCBORHead(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n <= math.MaxUint8:
		return append(b, major|24, byte(n))
	case n <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}
