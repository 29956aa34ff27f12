package evidence

import (
	"encoding/json"
	"reflect"
	"regexp"
	"testing"
	"time"
)

var snake = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// A nil pointer reads as zero in an expression, and "0 == limit" would then be true: values say themselves whether
// they are known.
func TestEvidenceHasNoPointersAndOneVocabulary(t *testing.T) {
	seen := map[Kind]bool{}
	for _, k := range Kinds {
		if seen[k.Kind] {
			t.Errorf("kind %s is listed twice", k.Kind)
		}
		seen[k.Kind] = true
		v, err := k.Decode([]byte("{}"))
		if err != nil {
			t.Errorf("%s: %v", k.Kind, err)
			continue
		}
		walk(t, string(k.Kind), reflect.TypeOf(v))
	}
}

func walk(t *testing.T, path string, typ reflect.Type) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Chan, reflect.Func:
		t.Errorf("%s is a %s", path, typ.Kind())
	case reflect.Slice:
		walk(t, path+"[]", typ.Elem())
	case reflect.Struct:
		if typ == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			tag := f.Tag.Get("json")
			if !snake.MatchString(tag) {
				t.Errorf("%s.%s: json tag %q is not a snake_case name", path, f.Name, tag)
			}
			walk(t, path+"."+tag, f.Type)
		}
	}
}

func TestStoreKeepsTheFirstAnswer(t *testing.T) {
	s, k := NewStore(), SubnetKey("subnet-1")
	s.PutGap(Gap{Key: k.Key, Reason: "Throttling"})
	if _, st := s.Lookup(k.Key); st != Gapped {
		t.Errorf("state %v after a gap", st)
	}
	s.Put(Item{Key: k.Key, Found: true, Value: Subnet{ID: "subnet-1", FreeAddresses: 1}})
	s.Put(Item{Key: k.Key, Found: true, Value: Subnet{ID: "subnet-1", FreeAddresses: 2}})
	s.PutGap(Gap{Key: k.Key})
	v := NewView(s)
	got, st := Read(v, k)
	if st != Found || got.FreeAddresses != 1 {
		t.Errorf("got %+v, %v: an answer replaces a gap and nothing replaces an answer", got, st)
	}
	if len(s.Gaps()) != 0 {
		t.Errorf("gaps %v", s.Gaps())
	}
}

func TestViewRemembersWhatIsMissing(t *testing.T) {
	s := NewStore()
	s.Put(Item{Key: VpcKey("vpc-1").Key}) // answered: it does not exist
	s.PutGap(Gap{Key: SubnetKey("subnet-1").Key})
	v := NewView(s)
	Read(v, VpcKey("vpc-1"))
	Read(v, SubnetKey("subnet-1"))
	Read(v, RoleKey("r"))
	Read(v, RoleKey("r"))
	if got := v.Missed(); len(got) != 2 || got[0] != RoleKey("r").Key || got[1] != SubnetKey("subnet-1").Key {
		t.Errorf("missed %v; want the unread and the gapped key, once each and sorted", got)
	}
	if len(v.Track().Missed()) != 0 {
		t.Error("a tracked view starts with nothing missed")
	}
}

func TestKeyTextAndMoment(t *testing.T) {
	for _, k := range []Key{{KindLogGroup, "/ecs/orders"}, {KindCaller, ""}, {KindManagedPolicy, "arn:aws:iam::aws:policy/X"}} {
		b, _ := k.MarshalText()
		var got Key
		if err := got.UnmarshalText(b); err != nil || got != k {
			t.Errorf("%v became %v, %v", k, got, err)
		}
	}
	if _, err := ParseKey("subnet"); err == nil {
		t.Error("a key without a slash was taken")
	}
	for _, m := range []Moment{{}, When(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))} {
		b, err := json.Marshal(m)
		var got Moment
		if err != nil || json.Unmarshal(b, &got) != nil || got != m {
			t.Errorf("%v became %s, %v", m, b, got)
		}
	}
}
