package evidence

import (
	"slices"
	"sync"
)

// State says what is known of a key.
type State int

const (
	Unread State = iota // nobody asked yet
	Gapped              // asked, not answered
	Absent              // answered: it does not exist
	Found               // answered: here it is
)

// Store holds what one account and region answered. It is safe for concurrent use.
// The first answer to a key stays: one run sees one state of the world.
type Store struct {
	mu    sync.RWMutex
	items map[Key]Item
	gaps  map[Key]Gap
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{items: map[Key]Item{}, gaps: map[Key]Gap{}} }

// Put records an answer. An answer replaces an earlier gap, never an earlier answer.
func (s *Store) Put(it Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.items[it.Key]; ok {
		return
	}
	s.items[it.Key] = it
	delete(s.gaps, it.Key)
}

// PutGap records a question that was not answered; it never hides an answer.
func (s *Store) PutGap(g Gap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.items[g.Key]; ok {
		return
	}
	s.gaps[g.Key] = g
}

// Lookup returns the item (Found or Absent), or its state.
func (s *Store) Lookup(k Key) (Item, State) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if it, ok := s.items[k]; ok {
		if it.Found {
			return it, Found
		}
		return it, Absent
	}
	if _, ok := s.gaps[k]; ok {
		return Item{Key: k}, Gapped
	}
	return Item{Key: k}, Unread
}

// Gap returns the gap of a key; ok is false where the key is not gapped.
func (s *Store) Gap(k Key) (Gap, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	g, ok := s.gaps[k]
	return g, ok
}

// Gaps returns all gaps in key order.
func (s *Store) Gaps() []Gap {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Gap, 0, len(s.gaps))
	for _, g := range s.gaps {
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b Gap) int { return compareKeys(a.Key, b.Key) })
	return out
}

// Items returns all answers in key order.
func (s *Store) Items() []Item {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]Item, 0, len(s.items))
	for _, it := range s.items {
		out = append(out, it)
	}
	slices.SortFunc(out, func(a, b Item) int { return compareKeys(a.Key, b.Key) })
	return out
}

// Len counts the keys answered or gapped.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.items) + len(s.gaps)
}

func compareKeys(a, b Key) int {
	switch {
	case a.Less(b):
		return -1
	case b.Less(a):
		return 1
	}
	return 0
}

// SortKeys orders and de-duplicates keys in place.
func SortKeys(keys []Key) []Key {
	slices.SortFunc(keys, compareKeys)
	return slices.Compact(keys)
}
