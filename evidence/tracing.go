package evidence

// SamplingRules are all sampling rules of X-Ray in the region, the default one too.
type SamplingRules struct {
	Rules []SamplingRule `json:"rules"`
}

// SamplingRule takes Reservoir requests a second, and of the others the share FixedRate.
type SamplingRule struct {
	Name        string  `json:"name"`
	Priority    int     `json:"priority"`
	FixedRate   float64 `json:"fixed_rate"`
	Reservoir   int     `json:"reservoir_size"`
	ServiceName string  `json:"service_name"` // * and ? are wildcards
}
