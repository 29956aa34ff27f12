package prove

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/ecsplain/ecsplain/evidence"
)

// world is the evidence of one case.
type world struct {
	values map[evidence.Key]any // JSON-like; nil = absent
	gaps   map[evidence.Key]string
}

func (w *world) answer(s *evidence.Store, k evidence.Key) {
	if reason, ok := w.gaps[k]; ok {
		s.PutGap(evidence.Gap{Key: k, Call: string(k.Kind), Reason: reason, Message: "not readable in this case", Fix: "allow it"})
		return
	}
	v, ok := w.values[k]
	if !ok {
		s.PutGap(evidence.Gap{Key: k, Call: string(k.Kind), Reason: evidence.ReasonMissing, Message: "the case and its base say nothing of " + k.String()})
		return
	}
	it := evidence.Item{Key: k, Call: "case:" + string(k.Kind), At: Now}
	if v != nil {
		value, err := decode(k, v)
		if err != nil { // build checked every value already
			s.PutGap(evidence.Gap{Key: k, Reason: evidence.ReasonUnreadable, Message: err.Error()})
			return
		}
		it.Found, it.Value = true, value
	}
	s.Put(it)
}

func decode(k evidence.Key, v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k, err)
	}
	i := slices.IndexFunc(evidence.Kinds, func(i evidence.KindInfo) bool { return i.Kind == k.Kind })
	if i < 0 {
		return nil, fmt.Errorf("%s: %q is no kind of evidence", k, k.Kind)
	}
	out, err := evidence.Kinds[i].Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k, err)
	}
	return out, nil
}

func build(c Case) (*world, error) {
	w := &world{values: map[evidence.Key]any{}, gaps: map[evidence.Key]string{}}
	var errs []error
	layer := func(data []byte) {
		var m map[string]any
		if err := yaml.Unmarshal(data, &m); err != nil {
			errs = append(errs, err)
			return
		}
		errs = append(errs, w.patch(m))
	}
	layer(baseYAML)
	if c.Base == "" && (c.Unhealthy != nil || c.Killed != nil) {
		c.Base = "balanced"
	}
	switch c.Base {
	case "":
	case "isolated":
		layer(isolatedYAML)
	case "balanced":
		layer(balancedYAML)
	case "scaled":
		layer(scaledYAML)
	case "connect":
		layer(connectYAML)
	case "exec":
		layer(execYAML)
	case "exec-isolated":
		layer(isolatedYAML)
		layer(execYAML)
	case "rule", "schedule":
		layer(scheduledYAML)
	default:
		errs = append(errs, fmt.Errorf("base %q: want isolated, balanced, scaled, connect, exec, exec-isolated, rule or schedule, or leave it out", c.Base))
	}
	errs = append(errs, w.patch(c.failure()), w.patch(c.sickTargets()), w.patch(c.Patch))
	for _, a := range c.Absent {
		k, err := evidence.ParseKey(a)
		errs = append(errs, err)
		w.values[k] = nil
	}
	for g, reason := range c.Gap {
		k, err := evidence.ParseKey(g)
		errs = append(errs, err)
		w.gaps[k] = reason
	}
	for k, v := range w.values {
		if v != nil {
			_, err := decode(k, v)
			errs = append(errs, err)
		}
	}
	return w, errors.Join(errs...)
}

func (w *world) patch(m map[string]any) error {
	for id, v := range m {
		k, err := evidence.ParseKey(id)
		if err != nil {
			return err
		}
		w.values[k] = merge(w.values[k], v)
	}
	return nil
}

// merge lays patch over base: maps merge key by key, everything else replaces.
func merge(base, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	b, ok := base.(map[string]any)
	if !ok {
		b = nil
	}
	out := map[string]any{}
	for k, v := range b {
		out[k] = v
	}
	for k, v := range p {
		out[k] = merge(out[k], v)
	}
	return out
}
