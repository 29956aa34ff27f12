package evidence

// Target is what a diagnosis is about, after the words of the user were resolved to names.
type Target struct {
	Kind    string `json:"kind"`    // service, task, rule, schedule
	Cluster string `json:"cluster"` // name
	Service string `json:"service"` // name; "" for a task that belongs to none
	Task    string `json:"task"`    // task id; "" for a service
	Name    string `json:"name"`    // of a rule (NAME or BUS/NAME) or schedule (GROUP/NAME); "" for services and tasks

	Alone bool `json:"-"` // it is the only target of the run
	Exec  bool `json:"-"` // of a service: whether sessions (ECS Exec) open in its running tasks is asked for too
}

// Target kinds.
const (
	TargetService = "service"
	TargetTask    = "task"

	TargetRule     = "rule"     // an EventBridge rule that starts tasks
	TargetSchedule = "schedule" // a schedule of EventBridge Scheduler that does
)

// String gives CLUSTER/SERVICE, CLUSTER/TASK-ID, "rule NAME" or "schedule GROUP/NAME".
func (t Target) String() string {
	if t.Kind == TargetRule || t.Kind == TargetSchedule {
		return t.Kind + " " + t.Name
	}
	if t.Kind == TargetTask {
		return t.Cluster + "/" + t.Task
	}
	return t.Cluster + "/" + t.Service
}
