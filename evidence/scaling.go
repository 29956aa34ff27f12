package evidence

// ScalableTarget is what Application Auto Scaling may do with the desired count of a service.
type ScalableTarget struct {
	Min                int    `json:"min_capacity"`
	Max                int    `json:"max_capacity"`
	RoleARN            string `json:"role_arn"`
	InSuspended        bool   `json:"dynamic_scaling_in_suspended"`
	OutSuspended       bool   `json:"dynamic_scaling_out_suspended"`
	ScheduledSuspended bool   `json:"scheduled_scaling_suspended"`
	CreatedAt          Moment `json:"created_at"`
}

// ScalingPolicies are all policies of one service.
type ScalingPolicies struct {
	Policies []ScalingPolicy `json:"policies"`
}

type ScalingPolicy struct {
	Name             string       `json:"name"`
	ARN              string       `json:"arn"`
	Type             string       `json:"type"`   // TargetTrackingScaling, StepScaling, PredictiveScaling
	Alarms           []string     `json:"alarms"` // names of the alarms that trigger it
	Predefined       string       `json:"predefined_metric"`
	Metrics          []MetricName `json:"metrics"` // of a customized metric; several where it is an expression
	Expression       string       `json:"expression"`
	Target           float64      `json:"target_value"`
	ScaleInCooldown  int          `json:"scale_in_cooldown"`  // seconds; of a step policy its one cooldown
	ScaleOutCooldown int          `json:"scale_out_cooldown"` // seconds
	DisableScaleIn   bool         `json:"disable_scale_in"`
	CreatedAt        Moment       `json:"created_at"`
}

// ScalingActivities are the newest activities of one service, those that changed nothing too; newest first, at most 20.
type ScalingActivities struct {
	Activities []ScalingActivity `json:"activities"`
	Truncated  bool              `json:"truncated"`
}

type ScalingActivity struct {
	ID            string            `json:"id"`
	Description   string            `json:"description"` // "Setting desired count to 4."
	Cause         string            `json:"cause"`
	Status        string            `json:"status"` // Pending, InProgress, Successful, Overridden, Unfulfilled, Failed
	StatusMessage string            `json:"status_message"`
	NotScaled     []NotScaledReason `json:"not_scaled_reasons"`
	StartedAt     Moment            `json:"started_at"`
	EndedAt       Moment            `json:"ended_at"`
}

type NotScaledReason struct {
	Code    string `json:"code"` // AlreadyAtMaxCapacity, ...
	Current int    `json:"current_capacity"`
	Min     int    `json:"min_capacity"`
	Max     int    `json:"max_capacity"`
}

type ScheduledActions struct {
	Actions []ScheduledAction `json:"actions"`
}

// ScheduledAction changes the limits of a scalable target at set times.
type ScheduledAction struct {
	Name     string   `json:"name"`
	Schedule string   `json:"schedule"`
	TimeZone string   `json:"time_zone"` // "" = UTC
	Min      Capacity `json:"min_capacity"`
	Max      Capacity `json:"max_capacity"`
	StartAt  Moment   `json:"start_at"`
	EndAt    Moment   `json:"end_at"`
}

// Capacity is a limit that may be left as it is.
type Capacity struct {
	Set bool `json:"set"`
	N   int  `json:"n"`
}

// Quota is the applied value of one quota of Service Quotas.
type Quota struct {
	Service    string  `json:"service_code"`
	Code       string  `json:"quota_code"`
	Name       string  `json:"name"`
	Value      float64 `json:"value"`
	Adjustable bool    `json:"adjustable"`
}

// Queue is an SQS queue by its attributes. Counts are AWS's approximations. The age of the oldest message is no attribute
// but a metric.
type Queue struct {
	Name              string `json:"name"`
	URL               string `json:"url"`
	ARN               string `json:"arn"`
	Visible           int    `json:"visible"`   // waiting to be received
	InFlight          int    `json:"in_flight"` // received and neither deleted nor back yet
	Delayed           int    `json:"delayed"`
	VisibilityTimeout int    `json:"visibility_timeout"` // seconds
	RetentionSeconds  int    `json:"retention_seconds"`
	DeadLetterARN     string `json:"dead_letter_arn"`   // "" = no redrive policy
	MaxReceiveCount   int    `json:"max_receive_count"` // 0 = no redrive policy
	Fifo              bool   `json:"fifo"`
	KmsKey            string `json:"kms_key"`
}
