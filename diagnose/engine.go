package diagnose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/evidence"
)

// Fetch answers every key with an item or a gap in the store. It is called once a wave.
type Fetch func(ctx context.Context, store *evidence.Store, keys []evidence.Key)

// Engine diagnoses targets. Fields are set once and then only read.
type Engine struct {
	Playbooks []*Playbook
	Fetch     Fetch
	Progress  func(wave int, keys []evidence.Key) // told before each wave; nil = nobody listens
	Reads     []string                            // permissions of everything that can be read, e.g. ec2:DescribeSubnets; nil = not known
	Profile   string                              // written into commands; "" = left out
}

// maxWaves ends a run that would never settle. The longest chain of our facts is seven.
const maxWaves = 16

// Run diagnoses the targets over one store: each key is read once, whatever the number of targets that need it.
func (e *Engine) Run(ctx context.Context, store *evidence.Store, targets []evidence.Target) (Report, error) {
	cases := make([]*targetCase, len(targets))
	for wave := 1; ; wave++ {
		var need []evidence.Key
		for i, t := range targets {
			t.Alone = len(targets) == 1
			c, err := e.consider(store, t)
			if err != nil {
				return Report{}, err
			}
			if cases[i] != nil {
				c.asked = append(c.asked, cases[i].asked...)
			}
			cases[i] = c
			need = append(need, c.need...)
		}
		need = unread(store, need)
		if len(need) == 0 || wave > maxWaves {
			break
		}
		if e.Progress != nil {
			e.Progress(wave, need)
		}
		e.Fetch(ctx, store, need)
		if err := e.ensureAnswered(store, need); err != nil {
			return Report{}, err
		}
	}
	for _, c := range cases {
		if err := c.fault(); err != nil {
			return Report{}, err
		}
	}
	return e.report(store, cases), nil
}

// ensureAnswered holds fetch to its contract; without it the loop would ask for ever.
func (e *Engine) ensureAnswered(store *evidence.Store, keys []evidence.Key) error {
	for _, k := range keys {
		if _, st := store.Lookup(k); st == evidence.Unread {
			return fmt.Errorf("the collectors left %s without an answer or a gap; this is a defect of ecsplain", k)
		}
	}
	return nil
}

func unread(store *evidence.Store, keys []evidence.Key) []evidence.Key {
	out := keys[:0:0]
	for _, k := range evidence.SortKeys(slices.Clone(keys)) {
		if _, st := store.Lookup(k); st == evidence.Unread {
			out = append(out, k)
		}
	}
	return out
}

// targetCase is one target as it stands on the evidence so far.
type targetCase struct {
	screening facts.Screening
	incidents []facts.Incident
	outcomes  []outcome
	scenes    []*scene
	need      []evidence.Key
	asked     []evidence.Key // every key that was asked for on the way, gapped ones too
}

// consider screens one target and judges every playbook on each of its incidents.
func (e *Engine) consider(store *evidence.Store, t evidence.Target) (*targetCase, error) {
	v := evidence.NewView(store)
	c := &targetCase{}
	switch t.Kind {
	case evidence.TargetTask:
		c.screening = facts.ScreenTask(v, t)
	case evidence.TargetRule, evidence.TargetSchedule:
		c.screening = facts.ScreenSchedule(v, t)
	default:
		c.screening = facts.Screen(v, t)
	}
	c.want(c.screening.Missing)
	c.incidents = slices.Concat(c.screening.Incidents, c.screening.Forward)
	return c, e.judgeAll(store, v, c)
}

// judgeAll completes the facts of every incident and judges every playbook on it.
func (e *Engine) judgeAll(store *evidence.Store, v *evidence.View, c *targetCase) error {
	for i := range c.incidents {
		in := &c.incidents[i]
		facts.Complete(v, in)
		s, err := newScene("incident", in)
		if err != nil {
			return err
		}
		for _, p := range e.Playbooks {
			if p.As != s.as {
				if s, err = newScene(p.As, in); err != nil {
					return err
				}
			}
			o := s.judge(p)
			if !o.applies {
				continue
			}
			if o.fault != "" {
				return errors.New(o.fault)
			}
			if o.verdict == Confirmed {
				e.weighControls(&o, c.screening)
			}
			c.want(o.missing)
			if p.Rollback && o.verdict == NotClear && symptomFits(p, in) == yes {
				c.want(in.Previous.Basis.Missing) // known beside the cause, not after it
			}
			if o.verdict == Confirmed || o.verdict == Changed {
				if _, err := p.words(); err != nil {
					return err
				}
				_, missing := e.say(s, &o, store)
				c.want(missing)
			}
			c.outcomes = append(c.outcomes, o)
			c.scenes = append(c.scenes, s)
		}
	}
	return nil
}

// fault is that of a playbook which has something to say and whose words do not compile.
func (c *targetCase) fault() error {
	for _, o := range c.outcomes {
		if o.verdict != Refuted {
			if _, err := o.pb.words(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *targetCase) want(keys []evidence.Key) {
	c.need = append(c.need, keys...)
	c.asked = append(c.asked, keys...)
}

// weighControls applies two ideas to a cause whose checks are all true: a failure lies in the past while evidence is
// read now, and a sibling on the same path that works refutes.
func (e *Engine) weighControls(o *outcome, s facts.Screening) {
	if !o.pb.Intermittent {
		if t, ok := facts.Control(*o.in, s.Running); ok {
			by := fmt.Sprintf("task %s with the same subnet, security groups, role and image passed this stage at %s", t.ID, evidence.UTC(facts.Passed(t)))
			o.verdict, o.by, o.sibling = Refuted, by, true
			o.steps = append(o.steps, Step{Check: "no sibling passed this stage since the failures began", Verdict: no.String()})
			return
		}
	}
	switch {
	case o.changed.Known:
		o.verdict = Changed
	case o.in.Anew.Known:
		o.verdict = Changed
		o.why = "the last failure was at " + evidence.UTC(o.in.Last) + ", and since " + evidence.UTC(o.in.Anew.At) + " the service starts other tasks than those that failed"
	case !o.in.Ongoing:
		o.verdict = Changed
		o.why = "the last failure was at " + evidence.UTC(o.in.Last) + " and the service is not short of tasks now"
	}
}

// gapWords says why a part of a sentence is missing.
func gapWords(store *evidence.Store) func([]evidence.Key) string {
	return func(keys []evidence.Key) string {
		for _, k := range keys {
			if g, ok := store.Gap(k); ok {
				return "(not readable: " + g.Call + ")"
			}
		}
		return "(not readable)"
	}
}

// say fills the words and actions of a finding. missing are the keys that would fill what is still open.
func (e *Engine) say(s *scene, o *outcome, store *evidence.Store) (Finding, []evidence.Key) {
	gap := gapWords(store)
	var missing []evidence.Key
	text := func(t *template) string {
		out, m := s.render(t, gap)
		missing = append(missing, m...)
		return strings.TrimSpace(out)
	}
	c, _ := o.pb.words() // its fault was told before, see fault
	f := Finding{ID: o.pb.ID, Verdict: o.verdict, Title: o.pb.Title, Case: o.pb.Case, Steps: o.steps, Docs: o.pb.Docs,
		ChangedAt: o.changed, ChangedBy: o.why, Tasks: s.in.Tasks + s.in.Stuck, Share: s.in.Share}
	f.Subject = SubjectRef{Kind: o.pb.Subject.Kind, ID: text(c.subject)}
	f.Subject.Owner = ownerOf(tagsOf(store, f.Subject.Kind, f.Subject.ID))
	shared := sharedBy(store, f.Subject.ID)
	if shared.Tool != "" {
		f.Subject.Owner = shared
	}
	f.Says, f.Why, f.Verify = text(c.say), text(c.why), text(c.verify)
	f.Affects = []string{affects(s.in)}
	region := s.in.Launch.Region
	if o.pb.Rollback {
		f.Mitigate = e.rollback(s.in, region)
		missing = append(missing, s.in.Previous.Basis.Missing...)
	}
	var m1, m2 []evidence.Key
	more, m1 := e.actions(s, c.mitigate, gap, region, f.Subject.Owner)
	f.Mitigate = append(f.Mitigate, more...)
	f.Fix, m2 = e.actions(s, c.fix, gap, region, f.Subject.Owner)
	if shared.Tool != "" {
		notTheirs(f.Mitigate)
		notTheirs(f.Fix)
	}
	missing = append(append(missing, m1...), m2...)
	if readsPath(o.pb, "reach") && !s.in.Reach.Basis.Unknown {
		f.Path = s.in.Reach.Hops
	}
	if readsPath(o.pb, "log") && !s.in.Log.Basis.Unknown {
		f.Log = s.in.Log.Tail
	}
	return f, missing
}

func readsPath(p *Playbook, root string) bool {
	checks, _ := p.proof() // judge told of its fault
	for _, e := range checks {
		for _, path := range e.paths {
			if path == root || strings.HasPrefix(path, root+".") {
				return true
			}
		}
	}
	return false
}

func affects(in *facts.Incident) string {
	where := in.Launch.Subnet
	if where == "" {
		where = in.Launch.TaskDefinition
	}
	name := in.Symptom
	if name == "" {
		name = in.Message.Category
	}
	return strings.Trim(name+" in "+where, " ")
}

// rollback is the mitigation that fits every cause that lies in a revision.
func (e *Engine) rollback(in *facts.Incident, region string) []Action {
	p := in.Previous
	if p.Basis.Unknown || p.TaskDefinition == "" || !p.Active {
		return nil
	}
	call := Call{Service: "ecs", Operation: "UpdateService", Input: map[string]any{"cluster": in.Cluster, "service": in.Service, "taskDefinition": p.TaskDefinition}}
	say := "Go back to " + p.TaskDefinition + ", which ran before and is ACTIVE."
	if p.Running > 0 {
		say = fmt.Sprintf("Go back to %s: it is ACTIVE and %d of its tasks still serve.", p.TaskDefinition, p.Running)
	}
	return []Action{{
		Say:     say,
		Calls:   []Call{call},
		Command: Command([]Call{call}, e.Profile, region),
		Undo:    "aws ecs update-service --cluster " + quote(in.Cluster) + " --service " + quote(in.Service) + " --task-definition " + quote(in.Launch.TaskDefinition) + globals(e.Profile, region),
	}}
}

func (e *Engine) actions(s *scene, specs []actionTemplate, gap func([]evidence.Key) string, region string, owner Owner) (out []Action, missing []evidence.Key) {
	for _, a := range specs {
		if applies, m := s.holds(a.when); !applies {
			missing = append(missing, m...)
			continue
		}
		say, m := s.render(a.say, gap)
		undo, m2 := s.render(a.undo, gap)
		missing = append(append(missing, m...), m2...)
		act := Action{Say: strings.TrimSpace(say), Replaces: a.spec.Replaces, ReducesCapacity: a.spec.ReducesCapacity, Undo: strings.TrimSpace(undo), Owner: owner}
		for _, c := range a.calls {
			applies, m := s.holds(c.when)
			missing = append(missing, m...)
			if !applies {
				continue
			}
			in, m := e.input(s, c.input, gap)
			missing = append(missing, m...)
			obj, _ := in.(map[string]any)
			act.Calls = append(act.Calls, Call{Service: c.service, Operation: c.operation, Input: obj})
		}
		act.Command = Command(act.Calls, e.Profile, region)
		if len(act.Calls) == 0 {
			line, m := e.typed(s, a, region)
			missing = append(missing, m...)
			act.Command = line
		}
		out = append(out, act)
	}
	return out, missing
}

func (e *Engine) input(s *scene, v any, gap func([]evidence.Key) string) (any, []evidence.Key) {
	var missing []evidence.Key
	switch v := v.(type) {
	case *template:
		return s.data(v, gap)
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			val, m := e.input(s, x, gap)
			out[k] = val
			missing = append(missing, m...)
		}
		return out, missing
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			val, m := e.input(s, x, gap)
			out[i] = val
			missing = append(missing, m...)
		}
		return out, missing
	}
	return v, nil
}
