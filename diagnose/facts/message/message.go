// Package message reads the texts in which AWS says that something on Fargate went wrong.
//
// A text is read in layers: where it was seen (surface), what other texts or tools wrapped around it (wrappers), AWS's
// own category, the step of the launch it speaks of, the nature of the failure, and, where the words are known, the
// case of the catalogue it is. AWS rewords its messages without notice: when no form fits, the layers still speak.
//
// Pure functions. The catalogue is embedded; see catalogue/README.md for its format.
package message

// Surfaces a text may be seen on.
const (
	SurfaceStoppedReason   = "task.stopped-reason"
	SurfaceContainerReason = "container.reason"
	SurfaceServiceEvent    = "service.event"
	SurfaceRunTaskFailure  = "run-task.failure" // and any other refusal by the ECS API
	SurfaceLog             = "log"
	SurfaceUnknown         = ""
)

// Reading is what one message says. The json tags are its CEL names.
type Reading struct {
	Text     string   `json:"text"`     // the message without other tools' decoration, white space collapsed; AWS's own wrappers stay
	Surface  string   `json:"surface"`  // as given; where none was given, what the text itself gives away, else ""
	Wrappers []string `json:"wrappers"` // names of what was around the message, outermost first, e.g. "unable-to-place-a-task"
	Category string   `json:"category"` // AWS's own first token, one of Categories; "" none
	Step     string   `json:"step"`     // one of Steps; "" unknown
	Nature   string   `json:"nature"`   // one of Natures; "" unknown
	Family   string   `json:"family"`   // one of Families; by the case, or else by the layers; "" unknown
	Symptom  string   `json:"symptom"`  // the case id; "" when no form matched
	Recalled bool     `json:"recalled"` // matched only by a form that no source confirms: low confidence
	Normal   bool     `json:"normal"`   // a message of healthy operation
	Fields   Fields   `json:"fields"`
}

// Fields are the things a message names; "" = not named. Values are as AWS wrote them.
type Fields struct {
	Host          string `json:"host"`           // DNS name that was dialled, resolved or asked
	IP            string `json:"ip"`             // address that was dialled
	Port          string `json:"port"`           // port that was dialled, or of an unhealthy target
	Role          string `json:"role"`           // name of a role, without its path; taken out of the ARN of the role or of a session of it
	Action        string `json:"action"`         // IAM action that was refused, e.g. ecr:GetAuthorizationToken
	Resource      string `json:"resource"`       // what it was refused on: an ARN or *
	Image         string `json:"image"`          // image reference as written
	Registry      string `json:"registry"`       // host part of the image
	Repository    string `json:"repository"`     // path part of the image, without tag and digest
	Tag           string `json:"tag"`            // of the image
	Digest        string `json:"digest"`         // sha256:... of the image
	Secret        string `json:"secret"`         // ARN of a Secrets Manager secret
	JSONKey       string `json:"json_key"`       // key that a secret lacks
	Parameter     string `json:"parameter"`      // name or ARN of an SSM parameter; the first of several
	Subnet        string `json:"subnet"`         // subnet-...
	SecurityGroup string `json:"security_group"` // sg-...
	TargetGroup   string `json:"target_group"`   // ARN or name
	LogGroup      string `json:"log_group"`      // name
	LogStream     string `json:"log_stream"`     // name
	Platform      string `json:"platform"`       // OS/ARCH that an image lacks
	ExitCode      string `json:"exit_code"`      // of a container, decimal
	EntryPoint    string `json:"entry_point"`    // program that could not be started
	DenyReason    string `json:"deny_reason"`    // which policy layer refused, one of DenyReasons
	Deployment    string `json:"deployment"`     // ecs-svc/...
	Task          string `json:"task"`           // task id
	Container     string `json:"container"`      // container name
}

// Case is one entry of the catalogue: a symptom, in words.
type Case struct {
	ID        string
	Family    string
	Says      string   // what the message means, in plain words
	Not       []string // what it is not, though it looks so
	Launch    string   // where in the launch of a task it arises
	Step      string   // the same as one of Steps; "" where it belongs to none
	Causes    []Cause  // in the order in which one would check them
	AppliesTo string   // "fargate", "fargate+ec2" or "ec2"
	Normal    bool     // belongs to healthy operation
}

// Cause is one possible reason of a case.
type Cause struct {
	Text        string
	Look        string // read-only command that settles it, with <placeholders>; "" where the account cannot tell
	Playbook    string // id of the playbook that checks it; "" none
	Undecidable string // one line why no evidence in the account decides it; "" where a playbook does
}
