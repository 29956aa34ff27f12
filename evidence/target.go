package evidence

// Target is what a diagnosis is about, after the words of the user were resolved to names.
type Target struct {
	Kind    string `json:"kind"`    // service, task
	Cluster string `json:"cluster"` // name
	Service string `json:"service"` // name; "" for a task that belongs to none
	Task    string `json:"task"`    // task id; "" for a service
}

// Target kinds.
const (
	TargetService = "service"
	TargetTask    = "task"
)

// String gives CLUSTER/SERVICE or CLUSTER/TASK-ID.
func (t Target) String() string {
	if t.Kind == TargetTask {
		return t.Cluster + "/" + t.Task
	}
	return t.Cluster + "/" + t.Service
}
