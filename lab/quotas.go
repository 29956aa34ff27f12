package lab

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	quotatypes "github.com/aws/aws-sdk-go-v2/service/servicequotas/types"

	"github.com/ecsplain/ecsplain/lab/wire"
)

// fargateQuota is a quota of the service code fargate (AWS General Reference, "Amazon ECS endpoints and quotas").
type fargateQuota struct {
	code, name string
	value      *float64
	usual      float64 // what AWS gives an account that asked for nothing
	class      string  // of AWS/Usage
}

func (w *World) fargateQuotas() []fargateQuota {
	return []fargateQuota{
		{"L-3032A538", "Fargate On-Demand vCPU resource count", &w.vcpuQuota, 6, "Standard/OnDemand"},
		{"L-36FBB829", "Fargate Spot vCPU resource count", &w.spotQuota, 6, "Standard/Spot"},
	}
}

// quotaIncrease is a request for more. AWS decides about small ones by itself.
type quotaIncrease struct {
	quotatypes.RequestedServiceQuotaChange
}

// grantTakes is how long the lab's AWS takes to grant more, give or take a fifth. AWS promises no time; small requests are granted within
// minutes or hours, others go to a person.
const grantTakes = 15 * time.Minute

// quotasOperations lists what the lab answers of Service Quotas.
func (w *World) quotasOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("servicequotas", "GetServiceQuota", reads(w, w.getServiceQuota)),
		wire.Op("servicequotas", "GetAWSDefaultServiceQuota", reads(w, w.getDefaultQuota)),
		wire.Op("servicequotas", "ListServiceQuotas", reads(w, w.listServiceQuotas)),
		wire.Op("servicequotas", "RequestServiceQuotaIncrease", changes(w, w.requestQuotaIncrease)),
		wire.Op("servicequotas", "ListRequestedServiceQuotaChangeHistoryByQuota", reads(w, w.listQuotaChanges)),
	}
}

func (w *World) quotaNamed(service, code *string) (fargateQuota, error) {
	for _, q := range w.fargateQuotas() {
		if aws.ToString(service) == "fargate" && q.code == aws.ToString(code) {
			return q, nil
		}
	}
	return fargateQuota{}, wire.Errorf("NoSuchResourceException", "The request failed because the specified service or quota does not exist.")
}

func (w *World) quotaView(q fargateQuota, value float64) *quotatypes.ServiceQuota {
	return &quotatypes.ServiceQuota{
		ServiceCode: aws.String("fargate"), ServiceName: aws.String("AWS Fargate"), QuotaCode: aws.String(q.code), QuotaName: aws.String(q.name), Value: aws.Float64(value),
		QuotaArn: aws.String(fmt.Sprintf("arn:%s:servicequotas:%s:%s:fargate/%s", w.Partition, w.Region, w.Account, q.code)), Unit: aws.String("None"), Adjustable: true,
		UsageMetric: &quotatypes.MetricInfo{MetricNamespace: aws.String("AWS/Usage"), MetricName: aws.String("ResourceCount"), MetricStatisticRecommendation: aws.String("Maximum"),
			MetricDimensions: map[string]string{"Service": "Fargate", "Type": "Resource", "Resource": "vCPU", "Class": q.class}},
	}
}

func (w *World) getServiceQuota(in *servicequotas.GetServiceQuotaInput) (*servicequotas.GetServiceQuotaOutput, error) {
	q, err := w.quotaNamed(in.ServiceCode, in.QuotaCode)
	if err != nil {
		return nil, err
	}
	return &servicequotas.GetServiceQuotaOutput{Quota: w.quotaView(q, *q.value)}, nil
}

func (w *World) getDefaultQuota(in *servicequotas.GetAWSDefaultServiceQuotaInput) (*servicequotas.GetAWSDefaultServiceQuotaOutput, error) {
	q, err := w.quotaNamed(in.ServiceCode, in.QuotaCode)
	if err != nil {
		return nil, err
	}
	return &servicequotas.GetAWSDefaultServiceQuotaOutput{Quota: w.quotaView(q, q.usual)}, nil
}

func (w *World) listServiceQuotas(in *servicequotas.ListServiceQuotasInput) (*servicequotas.ListServiceQuotasOutput, error) {
	out := &servicequotas.ListServiceQuotasOutput{Quotas: []quotatypes.ServiceQuota{}}
	if aws.ToString(in.ServiceCode) != "fargate" {
		return nil, wire.Errorf("NoSuchResourceException", "The request failed because the specified service or quota does not exist.")
	}
	for _, q := range w.fargateQuotas() {
		out.Quotas = append(out.Quotas, *w.quotaView(q, *q.value))
	}
	return out, nil
}

// requestQuotaIncrease opens a request that is granted after a while.
func (w *World) requestQuotaIncrease(in *servicequotas.RequestServiceQuotaIncreaseInput) (*servicequotas.RequestServiceQuotaIncreaseOutput, error) {
	q, err := w.quotaNamed(in.ServiceCode, in.QuotaCode)
	switch {
	case err != nil:
		return nil, err
	case aws.ToFloat64(in.DesiredValue) <= *q.value:
		return nil, wire.Errorf("IllegalArgumentException", "You must provide a quota value greater than the current quota value.")
	case slices.ContainsFunc(w.increases, func(r quotaIncrease) bool {
		return *r.QuotaCode == q.code && r.Status == quotatypes.RequestStatusPending
	}):
		return nil, wire.Errorf("ResourceAlreadyExistsException", "Only one open service quota increase request is allowed per quota.")
	}
	v := w.quotaView(q, 0)
	r := quotaIncrease{quotatypes.RequestedServiceQuotaChange{
		Id: aws.String(w.newHex(32)), ServiceCode: v.ServiceCode, ServiceName: v.ServiceName, QuotaCode: v.QuotaCode, QuotaName: v.QuotaName, QuotaArn: v.QuotaArn, Unit: v.Unit,
		DesiredValue: in.DesiredValue, Status: quotatypes.RequestStatusPending, Created: aws.Time(w.now), LastUpdated: aws.Time(w.now),
		Requester: aws.String(fmt.Sprintf(`{"accountId":%q,"callerArn":%q}`, w.Account, w.callerARN())),
	}}
	w.increases = append(w.increases, r)
	at := len(w.increases) - 1
	w.after(w.about(grantTakes), func() {
		*q.value = aws.ToFloat64(in.DesiredValue)
		granted := w.increases[at]
		granted.Status, granted.LastUpdated = quotatypes.RequestStatusApproved, aws.Time(w.now)
		w.increases[at] = granted
	})
	return &servicequotas.RequestServiceQuotaIncreaseOutput{RequestedQuota: &r.RequestedServiceQuotaChange}, nil
}

func (w *World) listQuotaChanges(in *servicequotas.ListRequestedServiceQuotaChangeHistoryByQuotaInput) (*servicequotas.ListRequestedServiceQuotaChangeHistoryByQuotaOutput, error) {
	var all []quotatypes.RequestedServiceQuotaChange
	for _, r := range slices.Backward(w.increases) {
		if *r.QuotaCode == aws.ToString(in.QuotaCode) && (in.Status == "" || in.Status == r.Status) {
			all = append(all, r.RequestedServiceQuotaChange)
		}
	}
	page, next, err := wire.Page(all, aws.ToString(in.NextToken), int(aws.ToInt32(in.MaxResults)), 100)
	return &servicequotas.ListRequestedServiceQuotaChangeHistoryByQuotaOutput{RequestedQuotas: page, NextToken: optional(next)}, err
}

// usage is how many Fargate vCPUs are in use from a time on, On-Demand and Spot.
type usage struct {
	at             time.Time
	onDemand, spot float64
}

const keepUsage = 4 * time.Hour

// vcpus is what Fargate's quotas count: every task until it is STOPPED.
func (w *World) vcpus(spot bool) float64 {
	if spot {
		return w.inUse.spot
	}
	return w.inUse.onDemand
}

// noteUsage is called whenever a task came (sign +1) or went (-1).
func (w *World) noteUsage(t *task, sign float64) {
	if n := sign * float64(number(aws.ToString(t.Cpu))) / 1024; t.LaunchType == ecstypes.LaunchTypeFargate {
		if aws.ToString(t.CapacityProviderName) == "FARGATE_SPOT" {
			w.inUse.spot += n
		} else {
			w.inUse.onDemand += n
		}
	}
	for len(w.usage) > 1 && w.now.Sub(w.usage[1].at) > keepUsage { // what held at the beginning of the kept time stays
		w.usage = w.usage[1:]
	}
	w.usage = append(w.usage, usage{w.now, w.vcpus(false), w.vcpus(true)})
}

// usageClasses are the kinds of Fargate capacity that AWS/Usage counts (ECS developer guide, "AWS Fargate usage metrics").
func usageClasses(*World) (out [][]string) {
	for _, class := range []string{"Standard/OnDemand", "Standard/Spot"} {
		out = append(out, []string{"Fargate", "Resource", "vCPU", class})
	}
	return out
}

// usageOf has a datum for each full minute.
func usageOf(w *World, thing []string, from, to time.Time) (out []datum) {
	if !slices.ContainsFunc(usageClasses(w), func(c []string) bool { return slices.Equal(c, thing) }) || len(w.usage) == 0 {
		return nil
	}
	at, i := from.Truncate(time.Minute), 0
	if first := w.usage[0].at; at.Before(first) {
		at = first.Truncate(time.Minute).Add(time.Minute)
	}
	for ; at.Before(to) && !at.After(w.now); at = at.Add(time.Minute) {
		for i+1 < len(w.usage) && !w.usage[i+1].at.After(at) {
			i++
		}
		v := w.usage[i].onDemand
		if thing[3] == "Standard/Spot" {
			v = w.usage[i].spot
		}
		d := datum{at: at}
		d.add(v)
		out = append(out, d)
	}
	return out
}
