package evidence

// TrailEvents are management events of the last 24 hours from cloudtrail:LookupEvents, newest first. CloudTrail delivers
// a record within about 15 minutes, so that something younger may be missing (AWS documentation: how CloudTrail works).
type TrailEvents struct {
	Events    []TrailEvent `json:"events"`    // at most 50
	Truncated bool         `json:"truncated"` // more of the last 24 hours exist than were read
}

// TrailEvent is one call that somebody made. Of the request only what tells about a change of a service is kept.
type TrailEvent struct {
	At           Moment   `json:"at"`
	Name         string   `json:"name"`       // UpdateService, StopTask, ...
	Source       string   `json:"source"`     // ecs.amazonaws.com
	Who          string   `json:"who"`        // ARN of the caller, or the name of the AWS service that called
	InvokedBy    string   `json:"invoked_by"` // AWS service on whose behalf; "" = none
	UserAgent    string   `json:"user_agent"`
	ErrorCode    string   `json:"error_code"` // "" = the call succeeded
	ErrorMessage string   `json:"error_message"`
	Resources    []string `json:"resources"`
	Cluster      string   `json:"cluster"` // name; "" = not named, so "default"
	Service      string   `json:"service"` // name
	Task         string   `json:"task"`    // id

	DesiredCount   Count  `json:"desired_count"`
	TaskDefinition string `json:"task_definition"` // family:revision, or as the caller wrote it
	ForceNew       bool   `json:"force_new_deployment"`
	Reason         string `json:"reason"`
}

// Count is a number that may not have been given.
type Count struct {
	Known bool `json:"known"`
	N     int  `json:"n"`
}

// ServiceRevision is what one deployment ran, from ecs:DescribeServiceRevisions.
type ServiceRevision struct {
	ARN            string               `json:"arn"`
	TaskDefinition string               `json:"task_definition"` // family:revision
	LaunchType     string               `json:"launch_type"`
	Strategy       []StrategyItem       `json:"strategy"`
	Network        NetworkConfiguration `json:"network"`
	CreatedAt      Moment               `json:"created_at"`
}

// TaskProtection is one element of ecs:GetTaskProtection.
type TaskProtection struct {
	Enabled bool   `json:"enabled"`
	Expires Moment `json:"expires_at"`
}

// CodeDeployment is codedeploy:GetDeployment.
type CodeDeployment struct {
	ID              string `json:"id"`
	Application     string `json:"application"`
	Group           string `json:"group"`
	Status          string `json:"status"` // Created, Queued, InProgress, Baking, Succeeded, Failed, Stopped, Ready
	ErrorCode       string `json:"error_code"`
	ErrorMessage    string `json:"error_message"`
	RollbackMessage string `json:"rollback_message"`
	RollbackID      string `json:"rollback_deployment_id"` // the deployment that took this one back; "" = none
	Creator         string `json:"creator"`                // user, autoscaling, codeDeployRollback
	Waits           string `json:"ready_wait_action"`      // CONTINUE_DEPLOYMENT, STOP_DEPLOYMENT; "" = not told
	WaitMinutes     int    `json:"ready_wait_minutes"`
	CreatedAt       Moment `json:"created_at"`
	FinishedAt      Moment `json:"finished_at"`
}

// CodeDeployGroup is codedeploy:GetDeploymentGroup: which deployment was tried last.
type CodeDeployGroup struct {
	LastAttempted string `json:"last_attempted"` // deployment id; "" = none
	LastStatus    string `json:"last_attempted_status"`
	LastSuccess   string `json:"last_successful"`
}
