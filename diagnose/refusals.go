package diagnose

import (
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/evidence"
)

// mayNeed lists what else may be refused once the refused calls are allowed: of each service that refused something and answered
// nothing, every permission that a diagnosis can use, less those that the gaps name themselves.
func (e *Engine) mayNeed(store *evidence.Store, gaps []evidence.Gap) []string {
	answered, refused, named := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, it := range store.Items() {
		answered[serviceOf(it.Call)] = true
	}
	for _, g := range gaps {
		if p, ok := strings.CutPrefix(g.Fix, "allow "); ok {
			refused[serviceOf(p)], named[p] = true, true
		}
	}
	out := []string{}
	for _, p := range e.Reads {
		if s := serviceOf(p); refused[s] && !answered[s] && !named[p] && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return out
}

// serviceOf is the part of an action or permission before the colon.
func serviceOf(action string) string {
	s, _, _ := strings.Cut(action, ":")
	return s
}
