package evidence

import "fmt"

// View is a window on a Store that remembers every key asked for and not there, and what was cited.
// A View is for one computation and one goroutine; Track makes the next.
type View struct {
	store  *Store
	missed []Key
	cites  []Cite
}

// NewView opens a window on s.
func NewView(s *Store) *View { return &View{store: s} }

// Track returns a fresh window on the same store, with nothing missed and nothing cited.
func (v *View) Track() *View { return &View{store: v.store} }

// Read returns the value of a key, or its state. Every Unread or Gapped key is remembered as missed.
// The value is the zero T unless the state is Found.
func Read[T any](v *View, ref Ref[T]) (T, State) {
	it, st := v.store.Lookup(ref.Key)
	var zero T
	switch st {
	case Found:
		val, ok := it.Value.(T)
		if !ok {
			panic(fmt.Sprintf("evidence: %s holds a %T, want %T", ref.Key, it.Value, zero))
		}
		return val, st
	case Unread, Gapped:
		v.missed = append(v.missed, ref.Key)
	}
	return zero, st
}

// State reports the state of a key without asking for it.
func (v *View) State(k Key) State { _, st := v.store.Lookup(k); return st }

// Cite notes that field of the thing at key had value. It does nothing for keys that were not answered.
func (v *View) Cite(k Key, resource, field, value string) {
	it, st := v.store.Lookup(k)
	if st != Found && st != Absent {
		return
	}
	v.cites = append(v.cites, Cite{Call: it.Call, Resource: resource, Field: field, Value: value, At: it.At})
}

// CiteAll adds cites made elsewhere.
func (v *View) CiteAll(cites []Cite) { v.cites = append(v.cites, cites...) }

// Want marks a key as missing if it is not answered, without reading its value.
func (v *View) Want(k Key) State {
	_, st := v.store.Lookup(k)
	if st == Unread || st == Gapped {
		v.missed = append(v.missed, k)
	}
	return st
}

// Missed returns the keys asked for and not there, sorted, each once.
func (v *View) Missed() []Key { return SortKeys(append([]Key(nil), v.missed...)) }

// Cites returns what was cited, in order.
func (v *View) Cites() []Cite { return v.cites }

// Decided is the Basis of a value that could be computed, whatever was missed on the way.
func (v *View) Decided() Basis { return Basis{Cites: v.cites} }

// Undecided is the Basis of a value that could not be computed. why is empty where reading the missed keys
// would decide it; otherwise it says, in words for the report, what no read can show.
func (v *View) Undecided(why string) Basis {
	return Basis{Unknown: true, Missing: v.Missed(), Cites: v.cites, Why: why}
}

// Basis is what a computed value rests on. A struct with a field `Basis Basis` tagged json:"-" is one answer
// with three sides: where Unknown is set, the other fields of that struct mean nothing and the engine makes them
// unknown in playbooks. Fields that are structs with a Basis of their own answer for themselves.
type Basis struct {
	Unknown bool   `json:"-"`
	Missing []Key  `json:"-"` // what would decide it
	Cites   []Cite `json:"-"` // what decided it
	Why     string `json:"-"` // what no read can show, e.g. "beyond tgw-0a the path cannot be seen from this account"
	Changed Moment `json:"-"` // the cited thing was changed at this time, after the failure it should explain
}
