package message

import (
	"encoding/binary"
	"slices"
	"sync"
)

// index finds the forms that may fit a text without trying each: every form is filed under eight characters in a row
// that few others have, and a text is looked up at each of its positions.
type index struct {
	forms []form
	bloom [1 << 10]uint64    // 65536 bits, set for the hashes of all keys
	at    map[uint64][]int32 // eight characters -> forms
	short []int32            // forms too short for a key of eight
	whole map[string][]int32 // forms that are a whole text
	pool  sync.Pool
}

const window = 8

func hash(k uint64) uint64 { return k * 0x9e3779b97f4a7c15 >> 48 }

func newIndex(forms []form) *index {
	x := &index{forms: forms, at: make(map[uint64][]int32, len(forms)), whole: map[string][]int32{}}
	x.pool.New = func() any { return &scratch{seen: make([]uint32, len(forms))} }
	common := make([]uint16, 1<<16)
	each := func(f *form, visit func(k uint64)) {
		for _, lit := range f.literals {
			for i := 0; i+window <= len(lit); i++ {
				visit(binary.LittleEndian.Uint64([]byte(lit[i : i+window])))
			}
		}
	}
	for i := range forms {
		each(&forms[i], func(k uint64) { common[hash(k)]++ })
	}
	for i := range forms {
		f := &forms[i]
		var best uint64
		rarest := uint16(0)
		each(f, func(k uint64) {
			if n := common[hash(k)]; rarest == 0 || n < rarest {
				best, rarest = k, n
			}
		})
		switch {
		case f.whole:
			x.whole[f.literals[0]] = append(x.whole[f.literals[0]], int32(i))
		case rarest == 0:
			x.short = append(x.short, int32(i))
		default:
			x.at[best] = append(x.at[best], int32(i))
			x.bloom[hash(best)>>6] |= 1 << (hash(best) & 63)
		}
	}
	return x
}

// scratch is what one reading needs and gives back.
type scratch struct {
	q     squeezed
	seen  []uint32
	turn  uint32
	found []int32
	holes [2][]span
}

// candidates lists the forms that may fit, each once.
func (x *index) candidates(s *scratch) []int32 {
	s.turn++
	s.found = s.found[:0]
	add := func(forms []int32) {
		for _, i := range forms {
			if s.seen[i] != s.turn {
				s.seen[i] = s.turn
				s.found = append(s.found, i)
			}
		}
	}
	low := s.q.low
	for i := 0; i+window <= len(low); i++ {
		k := binary.LittleEndian.Uint64(low[i:])
		if h := hash(k); x.bloom[h>>6]&(1<<(h&63)) != 0 {
			add(x.at[k])
		}
	}
	add(x.short)
	if len(low) < 300 {
		all, core := s.q.alone()
		add(x.whole[string(all)])
		add(x.whole[string(core)])
	}
	slices.Sort(s.found)
	return s.found
}

// best returns the closest form that allow accepts and that fits, nil if none does, with what its placeholders stand
// for: highest rank, then most fixed characters, then first in the catalogue.
func (x *index) best(s *scratch, allow func(*form) bool) (*form, []span) {
	var won *form
	var holes []span
	spare := 0
	for _, i := range x.candidates(s) {
		f := &x.forms[i]
		if won != nil && (f.rank < won.rank || f.rank == won.rank && f.fixed <= won.fixed) || !allow(f) {
			continue
		}
		if got, ok := f.match(&s.q, s.holes[spare]); ok {
			won, holes = f, got
			s.holes[spare] = got
			spare = 1 - spare
		}
	}
	return won, holes
}
