package diagnose

import (
	"time"

	"github.com/ecsplain/ecsplain/diagnose/facts"
	"github.com/ecsplain/ecsplain/diagnose/facts/network"
	"github.com/ecsplain/ecsplain/evidence"
)

// Schema names the version of the JSON report; docs/report.schema.json describes it.
const Schema = "ecsplain.report/v1"

// Report is the answer: everything any face of the product shows, and nothing it would have to work out.
type Report struct {
	Schema  string          `json:"schema"`
	At      time.Time       `json:"at"` // the time of the evidence
	Caller  evidence.Caller `json:"caller"`
	Note    []string        `json:"notes"` // what a reader must know first, e.g. an endpoint that is not AWS
	Targets []TargetReport  `json:"targets"`
	Shared  []Shared        `json:"shared"`
	Gaps    []evidence.Gap  `json:"gaps"`
	Calls   Calls           `json:"calls"`
}

// TargetReport is about one service or task.
type TargetReport struct {
	Target    evidence.Target `json:"target"`
	Health    facts.Health    `json:"health"`
	Impact    facts.Impact    `json:"impact"`
	Incidents []IncidentInfo  `json:"incidents"` // what failed, most frequent first
	Findings  []Finding       `json:"findings"`  // the first is our answer; what it explains is nested in it
	Past      []Finding       `json:"past"`      // causes that fit failures of before those that are the matter now
	RuledOut  []RuledOut      `json:"ruled_out"` // the nearest to what failed first: of the family of the first finding, then by the checks that held
	Undecided []Undecided     `json:"undecided"` // beside a confirmed cause: what could not be judged
	Resolved  []string        `json:"resolved"`  // failures that are over
	StoodIn   string          `json:"stood_in"`
	Untried   []string        `json:"untried"` // failures of which every known cause is ruled out now, with no start come to an end since: perhaps mended
	Gaps      []evidence.Gap  `json:"gaps"`
	MayNeed   []string        `json:"may_need"` // of services that refused every call: further permissions that the next answers may need
}

// IncidentInfo sums up one incident.
type IncidentInfo struct {
	Kind        string    `json:"kind"`
	Symptom     string    `json:"symptom"`
	Message     string    `json:"message"` // AWS's; "" = it said nothing
	Seen        string    `json:"seen"`    // where AWS said nothing: what was seen instead, in our words
	Tasks       int       `json:"tasks"`
	Stuck       int       `json:"stuck"`
	Samples     []string  `json:"samples"`
	First       time.Time `json:"first"`
	Last        time.Time `json:"last"`
	Share       float64   `json:"share"`
	Ongoing     bool      `json:"ongoing"`
	Subnet      string    `json:"subnet"`
	Revision    string    `json:"revision"`
	ExplainedBy string    `json:"explained_by"` // id of the finding; "" = nothing explains it
	Via         string    `json:"via"`          // id of the finding under it that is this incident's own; "" = ExplainedBy itself
}

// Verdict of a finding.
type Verdict string

const (
	Confirmed Verdict = "confirmed"
	Changed   Verdict = "changed"   // it fits, but the evidence changed since, or the failure is not ongoing
	NotClear  Verdict = "undecided" // some check could not be judged
	Refuted   Verdict = "ruled_out"
)

// Finding is one cause with its proof.
type Finding struct {
	ID        string          `json:"id"`
	Verdict   Verdict         `json:"verdict"`
	Title     string          `json:"title"`
	Case      string          `json:"case"`
	Subject   SubjectRef      `json:"subject"`
	Affects   []string        `json:"affects"` // symptom and subnet of the incidents it accounts for
	Tasks     int             `json:"tasks"`
	Share     float64         `json:"share"` // of the current failures
	Says      string          `json:"says"`
	Why       string          `json:"why"`
	ChangedAt evidence.Moment `json:"changed_at"`
	ChangedBy string          `json:"changed_words"` // why the verdict is "changed"
	Steps     []Step          `json:"steps"`
	Path      []network.Hop   `json:"path"` // the network path, where the cause lies on one
	Log       []string        `json:"log"`  // the end of the log, where the cause was read there; untrusted text
	Mitigate  []Action        `json:"mitigate"`
	Fix       []Action        `json:"fix"`
	Verify    string          `json:"verify"`
	Explained []Finding       `json:"explained"`
	Docs      []string        `json:"docs"`

	Consequence bool `json:"-"` // always the effect of something else: no answer by itself
}

// SubjectRef names the broken thing.
type SubjectRef struct {
	Kind  string `json:"kind"`
	ID    string `json:"id"`
	Owner Owner  `json:"owner"`
}

// Owner is who manages a resource, where its tags tell. A change by hand is undone at the owner's next run.
type Owner struct {
	Tool string `json:"tool"` // CloudFormation, CDK, Terraform, "account ID" of a network that is shared with the caller's, "" = no sign of any
	Name string `json:"name"` // stack, workspace or construct path
	Say  string `json:"say"`  // the advice that follows
}

// Step is one check of the proof.
type Step struct {
	Check   string          `json:"check"`
	Verdict string          `json:"verdict"` // true, false, unknown
	Cites   []evidence.Cite `json:"cites"`
	Missing []string        `json:"missing"` // what would decide it
}

// Action is something to do, as API calls and as the line to type.
type Action struct {
	Say             string `json:"say"`
	Calls           []Call `json:"calls"`
	Command         string `json:"command"`
	Replaces        string `json:"replaces"`
	ReducesCapacity bool   `json:"reduces_capacity"`
	Undo            string `json:"undo"`
	Owner           Owner  `json:"owner"`
}

// Call is one API call with AWS's member names.
type Call struct {
	Service   string         `json:"service"`
	Operation string         `json:"operation"`
	Input     map[string]any `json:"input"`
}

// RuledOut is a cause whose symptom fitted and which a check refuted.
type RuledOut struct {
	ID   string `json:"id"`
	By   string `json:"by"`   // the check that is false, or the task that works in spite of it
	Says string `json:"says"` // By as a sentence that is true
}

// Undecided is a cause that could not be judged.
type Undecided struct {
	ID      string   `json:"id"`
	Missing []string `json:"missing"`
}

// Shared is one cause that several services have in common.
type Shared struct {
	ID       string     `json:"id"`
	Title    string     `json:"title"`
	Subject  SubjectRef `json:"subject"`
	Services []string   `json:"services"`
}

// Calls is what the diagnosis cost.
type Calls struct {
	Total     int            `json:"total"`
	ByAction  map[string]int `json:"by_action"`
	Retries   int            `json:"retries"`
	Throttled int            `json:"throttled"`
	Waves     int            `json:"waves"`
}

// ExitCode is 0 when all targets are healthy and nothing is confirmed, 3 when a cause is confirmed (of a target that is told to run
// nothing, too), 4 when something is wrong or could not be seen and nothing is confirmed.
func (r Report) ExitCode() int {
	code := 0
	for _, t := range r.Targets {
		confirmed, effect := false, false
		for _, f := range t.Findings {
			confirmed = confirmed || f.Verdict == Confirmed && !f.Consequence
			effect = effect || f.Verdict == Confirmed
		}
		switch {
		case confirmed:
			code = 3
		case effect || t.Health != facts.Healthy:
			return 4
		}
	}
	return code
}
