package evidence

// EventRule is an EventBridge rule.
type EventRule struct {
	Name       string `json:"name"`
	ARN        string `json:"arn"`
	Bus        string `json:"bus"`
	State      string `json:"state"`         // ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS
	Expression string `json:"expression"`    // cron(...) or rate(...), UTC; "" = an event pattern
	Pattern    string `json:"event_pattern"` // JSON; "" = a schedule
	ManagedBy  string `json:"managed_by"`    // AWS service; "" = the account's own
}

// EventTargets are the targets of a rule.
type EventTargets struct {
	Targets []RunTarget `json:"targets"`
}

// RunTarget is what a rule or schedule calls, with the parameters of ecs:RunTask where it does that.
type RunTarget struct {
	ID               string               `json:"id"`
	ARN              string               `json:"arn"` // of the cluster where it runs a task
	RoleARN          string               `json:"role_arn"`
	DeadLetterARN    string               `json:"dead_letter_arn"` // "" = none
	MaxRetries       int                  `json:"max_retries"`     // -1 = the default
	Ecs              bool                 `json:"ecs"`             // it runs a task
	TaskDefinition   string               `json:"task_definition"` // ARN, with or without a revision
	TaskCount        int                  `json:"task_count"`
	LaunchType       string               `json:"launch_type"`
	Strategy         []StrategyItem       `json:"strategy"`
	PlatformVersion  string               `json:"platform_version"`
	HasNetwork       bool                 `json:"has_network"` // an awsvpcConfiguration is given
	Network          NetworkConfiguration `json:"network"`
	HasInput         bool                 `json:"has_input"` // overrides are sent
	PropagateTags    string               `json:"propagate_tags"`
	EnableExecuteCmd bool                 `json:"enable_execute_command"`
}

// Schedule is a schedule of EventBridge Scheduler.
type Schedule struct {
	Name       string    `json:"name"`
	Group      string    `json:"group"`
	ARN        string    `json:"arn"`
	State      string    `json:"state"` // ENABLED, DISABLED
	Expression string    `json:"expression"`
	TimeZone   string    `json:"time_zone"` // "" = UTC
	StartAt    Moment    `json:"start_at"`
	EndAt      Moment    `json:"end_at"`
	CreatedAt  Moment    `json:"created_at"`
	ChangedAt  Moment    `json:"changed_at"`
	Flexible   int       `json:"flexible_minutes"` // 0 = at the time itself
	AfterDone  string    `json:"action_after_completion"`
	Target     RunTarget `json:"target"`
}
