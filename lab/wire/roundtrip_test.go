package wire

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestRoundTrip sends random values of every operation through the real SDK client and back: the handler
// must get what the caller set, and the caller what the handler answered.
//
// Equal means equal but for: nil against empty lists and maps (the protocols carry the difference unevenly,
// and SDKs treat both alike), time below a millisecond (AWS timestamps end there), and the last millisecond
// of a JSON or CBOR timestamp (the SDK cuts seconds held as a float). Form input holds no empty lists and, below
// the top, no structures without members: SDKs do not send them.
func TestRoundTrip(t *testing.T) {
	const rounds = 12
	var got, answer any
	server := &Server{}
	endpoint := serve(t, server)
	var ops []sdkOperation
	eachOperation(t, endpoint, func(op sdkOperation) {
		ops = append(ops, op)
		server.Operations = append(server.Operations, op.operation(func(_ *Request, in any) (any, error) {
			got = in
			return answer, nil
		}))
	})
	for _, op := range ops {
		t.Run(op.name(), func(t *testing.T) {
			for round := range rounds {
				g := newGenerator(op.name(), round)
				in := g.forForm(op).input(op)
				want := g.value(op.shapes.output, reflect.PointerTo(op.outp), 0)
				got, answer = nil, want.Interface()
				out, err := op.call(in)
				if err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
				if d := cmp.Diff(in.Interface(), got, sameValue); d != "" {
					t.Fatalf("round %d: the handler got another input (-sent +got):\n%s", round, d)
				}
				if d := cmp.Diff(answer, out.Interface(), sameValue, sameTime(op)); d != "" {
					t.Fatalf("round %d: the caller got another output (-answered +got):\n%s", round, d)
				}
			}
		})
	}
	if n := server.UnknownMembers(); len(n) > 0 {
		t.Errorf("members that the tables lack were sent: %v", n)
	}
}

var sameValue = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.FilterPath(func(p cmp.Path) bool {
		f, ok := p.Last().(cmp.StructField)
		return ok && (f.Name() == "ResultMetadata" || f.Name() == "noSmithyDocumentSerde")
	}, cmp.Ignore()),
}

func sameTime(op sdkOperation) cmp.Option {
	if !isForm(op) {
		return cmpopts.EquateApproxTime(time.Millisecond)
	}
	return cmp.Options{}
}

// generator makes random SDK values. Round 0 sets every member, round 1 only required ones, later rounds
// any. It walks the Go types, not the codec's binding, and asks the shapes for limits only.
type generator struct {
	*rand.Rand
	round  int
	filled bool // for forms: no empty lists, and no empty structures below the top
}

func (g generator) forForm(op sdkOperation) generator {
	g.filled = isForm(op)
	return g
}

func isForm(op sdkOperation) bool {
	return op.shapes.service.Protocol == "query" || op.shapes.service.Protocol == "ec2"
}

func newGenerator(name string, round int) generator {
	h := fnv.New64a()
	h.Write([]byte(name))
	return generator{rand.New(rand.NewPCG(h.Sum64(), uint64(round))), round, false}
}

// input is a random input, as a pointer.
func (g generator) input(op sdkOperation) reflect.Value {
	return g.value(op.shapes.input, reflect.PointerTo(op.input), 0)
}

func (g generator) want(required bool, depth int) bool {
	switch {
	case required || g.round == 0 && depth < 12:
		return true
	case g.round == 1 || depth >= 12:
		return false
	}
	return g.IntN(2) == 0
}

func (g generator) value(s *shape, t reflect.Type, depth int) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		v.Elem().Set(g.value(s, t.Elem(), depth))
	case t == timeType:
		v.Set(reflect.ValueOf(time.UnixMilli(g.Int64N(7_000_000_000_000)).UTC()))
	case t.Kind() == reflect.Struct:
		g.fields(s, v, depth)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		b := make([]byte, g.length(s))
		for i := range b {
			b[i] = byte(g.Uint32())
		}
		v.SetBytes(b)
	case t.Kind() == reflect.Slice:
		n := g.length(s)
		if g.round == 0 {
			n = max(n, 1)
		}
		v.Set(reflect.MakeSlice(t, n, n))
		for i := range n {
			v.Index(i).Set(g.value(s.Element.to, t.Elem(), depth+1))
		}
	case t.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(t))
		for range g.length(s) {
			v.SetMapIndex(g.value(s.Key.to, t.Key(), depth+1), g.value(s.Value.to, t.Elem(), depth+1))
		}
	case t.Kind() == reflect.String:
		v.SetString(g.text(s))
	case t.Kind() == reflect.Bool:
		v.SetBool(g.IntN(2) == 0)
	case v.CanInt():
		v.SetInt(g.whole(s, t.Bits()))
	case v.CanFloat():
		v.SetFloat(g.fraction(s))
	default:
		panic(fmt.Sprintf("no generator for %s (%s)", t, s.name))
	}
	return v
}

func (g generator) fields(s *shape, v reflect.Value, depth int) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		m := memberOf(s, f.Name)
		if m == nil {
			continue // newer in the SDK than in the table: the drift test lists it
		}
		// The SDK makes up a missing idempotency token, so tokens are always set.
		token := strings.HasSuffix(f.Name, "ClientToken") || strings.HasSuffix(f.Name, "ClientRequestToken")
		if g.want(m.Required || token, depth) {
			v.Field(i).Set(g.value(m.to, f.Type, depth+1))
			if p := v.Field(i); m.In == inURI && p.Elem().Len() == 0 {
				p.Elem().SetString("a") // SDKs refuse an empty part of a path
			}
		}
	}
	if g.filled && depth > 0 && v.IsZero() {
		for _, m := range s.Members {
			if f := v.FieldByName(goName(m.Name)); m.to.Type == "string" {
				f.Set(g.value(m.to, f.Type(), depth+1))
				return
			}
		}
		m := s.Members[0]
		f := v.FieldByName(goName(m.Name))
		f.Set(g.value(m.to, f.Type(), depth+1))
	}
}

func memberOf(s *shape, goField string) *ref {
	for _, m := range s.Members {
		if goName(m.Name) == goField {
			return m
		}
	}
	return nil
}

func (g generator) length(s *shape) int {
	low, high := 0, 3
	if s.Min != nil {
		low = int(*s.Min)
		high = low + 3
	}
	if s.Max != nil {
		high = min(high, int(*s.Max))
	}
	if g.filled && (s.Type == "list" || s.Type == "map") {
		low = max(low, 1)
	}
	return low + g.IntN(high-low+1)
}

// letters holds what text must survive: markup, form and JSON syntax, white space, other scripts, planes beyond the first.
var letters = []rune(`abzAZ09 -_./:=+&%<>"'\{}[],;#` + "\t\n\réß漢字🚢\u2028")

func (g generator) text(s *shape) string {
	if len(s.Enum) > 0 {
		return s.Enum[g.IntN(len(s.Enum))]
	}
	r := make([]rune, g.length(s))
	for i := range r {
		r[i] = letters[g.IntN(len(letters))]
	}
	return string(r)
}

// fraction is a number that 32 bits hold, within the shape's limits.
func (g generator) fraction(s *shape) float64 {
	f := g.NormFloat64() * 1e6
	if s.Min != nil {
		f = *s.Min + math.Abs(f)
	}
	if s.Max != nil && f > *s.Max {
		low := *s.Max - 1
		if s.Min != nil {
			low = *s.Min
		}
		f = low + (*s.Max-low)*g.Float64()
	}
	return float64(float32(f))
}

func (g generator) whole(s *shape, bits int) int64 {
	low, high := -int64(1)<<(bits-1), int64(1)<<(bits-1)-1
	if s.Min != nil {
		low = int64(*s.Min)
	}
	if s.Max != nil {
		high = int64(*s.Max)
	}
	if span := uint64(high - low); span+1 != 0 {
		return low + int64(g.Uint64N(span+1))
	}
	return int64(g.Uint64())
}
