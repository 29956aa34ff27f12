package lab

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed scenarios/*/scenario.yaml
var scenarioFiles embed.FS

// Scenario is a healthy account and what was done to it. It holds no symptoms: those follow.
type Scenario struct {
	Name   string `yaml:"-"`      // the folder's name
	Title  string `yaml:"title"`  // says the cause, so it is for after the answer
	Brief  string `yaml:"brief"`  // the ticket: symptom only
	Base   string `yaml:"base"`   // nat (default), endpoints, or nat with more: web (a service behind a load balancer), rollouts (services deployed by blue/green, CodeDeploy and an external controller), jobs (tasks started by time), worker (a service that works on a queue), files (a service with an EFS volume), connect (services that call each other by name), hub (out through a transit gateway), inspected (out through a firewall), database (worker with a database); or endpoints with sessions (ECS Exec is on)
	Target string `yaml:"target"` // CLUSTER/SERVICE that is broken, or --exec CLUSTER/SERVICE, --rule NAME CLUSTER, --schedule GROUP/NAME CLUSTER
	After  string `yaml:"after"`  // how long after the mutation the symptom shows, as in 12m

	Herrings []Herring `yaml:"herrings"` // done to the healthy account before the mutation
	Mutation []Step    `yaml:"mutation"`
	Answer   Answer    `yaml:"answer"`
	Then     []Answer  `yaml:"then"`    // causes that show, each in turn, when those before are mended
	Effects  []string  `yaml:"effects"` // playbook ids that may stand after the answer, for the fault brings them about
	Solve    []Step    `yaml:"solve"`   // mends all of it
	Alt      [][]Step  `yaml:"alt"`     // other ways that heal too
	Cheat    [][]Step  `yaml:"cheat"`   // what looks like a way and must not count as one

	Exercise `yaml:",inline"`
}

// Answer is the cause: a playbook's id, and the resource that has to change, as a placeholder. The id "none" says that nothing is wrong.
type Answer struct {
	ID      string `yaml:"id"`
	Subject string `yaml:"subject"`
}

// NoFault is the id of the answer of a control: an account in which nothing is wrong.
const NoFault = "none"

// Step is one API call, in the form that `aws SERVICE OPERATION --cli-input-json` takes. Strings may hold placeholders, see
// Resolve. The service "lab" has operations for what no API can do, see labOperations. As keeps the answer for later steps:
// after `as: nat`, ${nat.NatGateway.NatGatewayId} is a part of it. With Owner the account that shares its network does it, with its own
// view and permissions; the account's own trail does not have it.
type Step struct {
	Service   string         `yaml:"service"`
	Operation string         `yaml:"operation"`
	Input     map[string]any `yaml:"input"`
	As        string         `yaml:"as"`
	Owner     bool           `yaml:"owner"`
}

// bases are the healthy accounts that a scenario can begin with.
var bases = []struct {
	name string
	set  func(*Options)
}{
	{"nat", func(*Options) {}},
	{"endpoints", func(o *Options) { o.Endpoints = true }},
	{"web", func(o *Options) { o.Web = true }},
	{"rollouts", func(o *Options) { o.Rollouts = true }},
	{"jobs", func(o *Options) { o.Jobs = true }},
	{"worker", func(o *Options) { o.Worker = true }},
	{"files", func(o *Options) { o.Files = true }},
	{"sessions", func(o *Options) { o.Endpoints, o.Sessions = true, true }},
	{"connect", func(o *Options) { o.Connect = true }},
	{"hub", func(o *Options) { o.Hub = true }},
	{"inspected", func(o *Options) { o.Inspected = true }},
	{"database", func(o *Options) { o.Database = true }},
}

func baseNames() (out []string) {
	for _, b := range bases {
		out = append(out, b.name)
	}
	return out
}

// Scenarios lists the scenarios by name. The error names file and line.
func Scenarios() ([]Scenario, error) {
	dirs, err := fs.ReadDir(scenarioFiles, "scenarios")
	if err != nil {
		return nil, err
	}
	var out []Scenario
	for _, d := range dirs {
		file := "scenarios/" + d.Name() + "/scenario.yaml"
		text, err := scenarioFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		s, err := ParseScenario(d.Name(), text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, s)
	}
	return out, nil
}

// ParseScenario reads one scenario. Unknown keys, missing keys and durations that are none are errors.
func ParseScenario(name string, text []byte) (Scenario, error) {
	s := Scenario{Name: name}
	if err := yaml.UnmarshalWithOptions(text, &s, yaml.Strict()); err != nil {
		return s, err
	}
	control := s.Answer.ID == NoFault
	for key, v := range map[string]string{"title": s.Title, "brief": s.Brief, "target": s.Target, "after": s.After, "answer.id": s.Answer.ID, "answer.subject": s.Answer.Subject} {
		if strings.TrimSpace(v) == "" && !(control && key == "answer.subject") {
			return s, fmt.Errorf("%s is missing", key)
		}
	}
	if s.Base != "" && !slices.Contains(baseNames(), s.Base) {
		return s, fmt.Errorf("base is %q; it can be %s", s.Base, strings.Join(baseNames(), ", "))
	}
	if _, err := time.ParseDuration(s.After); err != nil {
		return s, fmt.Errorf("after is %q; write it as 12m or 1h30m", s.After)
	}
	if !Scheduled(s.Target) && strings.Count(s.Target, "/") != 1 {
		return s, fmt.Errorf("target is %q; write it as CLUSTER/SERVICE, --exec CLUSTER/SERVICE, --rule NAME CLUSTER or --schedule GROUP/NAME CLUSTER", s.Target)
	}
	if len(s.Mutation) == 0 {
		return s, fmt.Errorf("mutation is empty")
	}
	if control && len(s.Solve)+len(s.Alt)+len(s.Cheat)+len(s.Then) > 0 {
		return s, fmt.Errorf("the answer is %q, so there is nothing to solve: leave out then, solve, alt and cheat", NoFault)
	}
	if !control && len(s.Solve) == 0 {
		return s, fmt.Errorf("solve is empty")
	}
	if !control && len(s.Cheat) == 0 {
		return s, fmt.Errorf("cheat is empty; a scenario says what must not count as a fix")
	}
	return s, s.Exercise.check(s)
}

// UnknownScenario is the error of a name that no scenario has.
type UnknownScenario struct {
	Name  string
	Names []string // that there are
}

func (e *UnknownScenario) Error() string { return fmt.Sprintf("no scenario is called %q", e.Name) }

// FindScenario finds a scenario by name; where there is none, the error is an *UnknownScenario.
func FindScenario(name string) (Scenario, error) {
	all, err := Scenarios()
	if err != nil {
		return Scenario{}, err
	}
	i := slices.IndexFunc(all, func(s Scenario) bool { return s.Name == name })
	if i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return Scenario{}, &UnknownScenario{Name: name, Names: names}
}

// Start makes the account of a scenario, breaks it, and lets the symptom show. Options.Endpoints is the scenario's to decide.
func Start(name string, o Options) (*World, Scenario, error) {
	s, err := FindScenario(name)
	if err != nil {
		return nil, s, err
	}
	w, err := s.Start(o)
	return w, s, err
}

// Start is Start for a scenario at hand.
func (s Scenario) Start(o Options) (*World, error) {
	for _, b := range bases {
		if b.name == s.Base {
			b.set(&o)
		}
	}
	w := New(o)
	for _, h := range s.Herrings {
		if err := w.Apply(h.Steps); err != nil {
			return nil, fmt.Errorf("scenario %s: herring %q: %w", s.Name, h.Looks, err)
		}
	}
	if err := w.Apply(s.Mutation); err != nil {
		return nil, fmt.Errorf("scenario %s: mutation: %w", s.Name, err)
	}
	after, err := time.ParseDuration(s.After)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: after: %w", s.Name, err)
	}
	w.Advance(after)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rememberCounts()
	w.rememberReleases()
	w.began = w.now
	return w, nil
}
