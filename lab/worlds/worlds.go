// Package worlds draws random accounts of the lab, breaks them in ways whose cause is known, and can build each of them again from its seed.
package worlds

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/lab"
)

// settles is how long after the last change a world is looked at: long enough for a rollout, a connection that nobody answers, and a few
// rounds of failed starts.
const settles = 14 * time.Minute

// pause is how long after the oddities the faults come.
const pause = 12 * time.Minute

// Answer is a cause that counts as right: a playbook's id, and the resource to change. The subject may hold the lab's placeholders.
type Answer struct{ ID, Subject string }

// Fault is one thing that was done to a world.
type Fault struct {
	Kind     string // name in Kinds, or of a field mutation
	Family   string // row of the table: net, iam, ..., field
	Steps    []lab.Step
	Answers  []Answer
	Subjects []string // what was changed, by all its names: a finding about one of these is right
	Hidden   bool     // the account sees nothing of the cause: nothing confirmed of it is right
	Unseen   []string // by any of these names a diagnosis that stays open tells where the way leaves what the account sees; none = all can be seen
}

// Case is one random world. Everything in it follows from Seed and the options it was drawn with.
type Case struct {
	Seed     uint64
	Topology lab.Topology
	Target   string // CLUSTER/SERVICE
	Oddities []string
	Before   []lab.Step // what the oddities did; the service is healthy after them
	Faults   []Fault    // none, one or two
}

// Options say what is drawn.
type Options struct {
	Seed     uint64
	Family   string // faults of this family only: net, iam, ..., field, none; "" = all
	Services int    // the most services of a world; 0 = 12
	Networks string // one of Networks; "" = own
}

// Draw makes a case. The error is a defect of the generator or of the lab: a topology or an oddity that is not healthy.
func Draw(o Options) (*Case, error) {
	r := rand.New(rand.NewPCG(o.Seed, 0x776f726c6473))
	c := &Case{Seed: o.Seed, Topology: drawTopology(r, o.Services, o.Networks)}
	l := c.Topology.Services[r.IntN(len(c.Topology.Services))]
	c.Target = l.Cluster + "/" + l.Name
	w, err := c.base()
	if err != nil {
		return nil, err
	}
	p := &Place{w: w, r: r, net: c.Topology.Networks[l.Network], load: l, top: c.Topology}
	if err := c.drawOddities(p); err != nil {
		return nil, err
	}
	if err := c.drawFaults(p, o); err != nil {
		return nil, err
	}
	return c, nil
}

// base is the world before anything was done to it.
func (c *Case) base() (*lab.World, error) {
	w := lab.New(lab.Options{Seed: c.Seed, Topology: &c.Topology, HideStopped: c.Seed%2 == 1})
	return w, healthy(w, c.Topology)
}

func healthy(w *lab.World, t lab.Topology) error {
	for _, s := range t.Services {
		if err := w.Healed(s.Cluster+"/"+s.Name, 0); err != nil {
			return fmt.Errorf("not healthy before the fault: %s %v: %w", s.Name, s.Blocks, err)
		}
	}
	return nil
}

// Start builds the world again, with the faults whose indexes are given, or with all of them for nil.
func (c *Case) Start(only []int) (*lab.World, error) {
	w, err := c.base()
	if err != nil {
		return nil, err
	}
	if err := w.Apply(c.Before); err != nil {
		return nil, fmt.Errorf("oddities %v: %w", c.Oddities, err)
	}
	if err := w.Healed(c.Target, 0); err != nil {
		return nil, fmt.Errorf("not healthy after the oddities %v: %w", c.Oddities, err)
	}
	w.Expect()
	for i, f := range c.Faults {
		if only != nil && !slices.Contains(only, i) {
			continue
		}
		if err := w.Apply(f.Steps); err != nil {
			return nil, fmt.Errorf("fault %s: %w", f.Kind, err)
		}
	}
	w.Advance(settles)
	w.Expect()
	return w, nil
}

// Broken tells in a copy of the world whether the target is broken, and how; nil = it is not.
func (c *Case) Broken(only []int) (symptom, defect error) {
	w, err := c.Start(only)
	if err != nil {
		return nil, err
	}
	return unwell(w, c.Target), nil
}

// unwell is what is wrong with a service in the next minutes: it does not run as it should, or what was deployed last was taken back.
func unwell(w *lab.World, target string) error {
	if err := w.Healed(target, 6*time.Minute); err != nil {
		return err
	}
	cluster, service, _ := strings.Cut(target, "/")
	out, err := w.Look("ecs", "ListServiceDeployments", input{"cluster": cluster, "service": service})
	if err != nil {
		return err
	}
	if list, ok := out["serviceDeployments"].([]any); ok && len(list) > 0 {
		newest, _ := list[0].(input)
		if status := fmt.Sprint(newest["status"]); strings.HasPrefix(status, "ROLLBACK") {
			return fmt.Errorf("the last deployment of %s is %s", target, status)
		}
	}
	return nil
}

// Heals tells whether steps heal a copy of the world that has only some of its faults. Where the service runs already, because a bad
// deployment was taken back, nothing can be told.
func (c *Case) Heals(only []int, steps []lab.Step) bool {
	w, err := c.Start(only)
	if err != nil || w.Healed(c.Target, 0) == nil || w.Apply(c.Signed(steps)) != nil {
		return false
	}
	w.Advance(45 * time.Minute) // the start back-off takes up to 27 minutes
	return w.Healed(c.Target, 6*time.Minute) == nil
}

func (c *Case) drawFaults(p *Place, o Options) error {
	n, family := 1, o.Family
	switch x := p.r.Float64(); {
	case family == "none" || family == "" && x < 0.15:
		n = 0
	case family == "" && x < 0.27:
		n = 2
	}
	for range n {
		f, err := c.drawFault(p, o)
		if err != nil {
			return err
		}
		c.Faults = append(c.Faults, f)
	}
	return nil
}

// drawFault tries kinds until one can be done to the world besides the faults drawn already.
func (c *Case) drawFault(p *Place, o Options) (Fault, error) {
	family, all := o.Family, kinds(o.Networks)
	near := foreign(o.Networks) && family == "" && p.chance(0.5)
	for range 300 {
		var f Fault
		ok := false
		if family == "field" || family == "" && !near && p.chance(0.2) {
			f, ok = drawField(p)
		} else {
			k := all[p.r.IntN(len(all))]
			if family != "" && k.Family != family || near && !aboutNetwork(k) || k.Fits != nil && !k.Fits(p) {
				continue
			}
			f, ok = k.make(p)
		}
		if !ok || clash(c.Faults, f) {
			continue
		}
		with := *c
		with.Faults = append(slices.Clone(c.Faults), f)
		w, err := with.Start(nil)
		if err != nil || f.Family == "field" && w.Healed(c.Target, 0) == nil && p.chance(0.75) {
			continue // of the changes that break nothing a few are enough
		}
		return f, nil
	}
	return Fault{}, fmt.Errorf("no fault of family %q goes with %s of seed %d", family, c.Target, c.Seed)
}

// clash tells whether two faults would each register a release, of which one would hide the other, or are of the same kind.
func clash(have []Fault, f Fault) bool {
	for _, h := range have {
		if h.Kind == f.Kind || releases(h) && releases(f) {
			return true
		}
	}
	return false
}

func releases(f Fault) bool {
	return slices.ContainsFunc(f.Steps, func(s lab.Step) bool {
		return s.Operation == "RegisterTaskDefinition" || s.Operation == "UpdateService"
	})
}
