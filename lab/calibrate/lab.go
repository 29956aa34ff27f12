package calibrate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/ecsplain/ecsplain/lab"
	"github.com/ecsplain/ecsplain/lab/wire"
)

const (
	accounts = 5                // on so many accounts the lab shows the failure
	moments  = 3                // and is asked so often on each
	between  = 10 * time.Minute // with so much time between
)

// Against breaks the lab as the scenario says, on several accounts, records what it answers about the target as a person would, and compares it with the recording.
func Against(ctx context.Context, s lab.Scenario, recorded Recording) (Report, error) {
	if lab.Scheduled(s.Target) {
		return Report{}, fmt.Errorf("scenario %s is about a rule or schedule; only those about a service can be compared", s.Name)
	}
	var ours []Recording
	for seed := uint64(1); seed <= accounts; seed++ {
		one, err := record(ctx, s, seed)
		if err != nil {
			return Report{}, fmt.Errorf("scenario %s on account %d: %w", s.Name, seed, err)
		}
		ours = append(ours, one)
	}
	return Report{
		Scenario: s.Name, Tasks: len(recorded.Tasks), Events: len(recorded.Events), Targets: len(recorded.Targets), Skipped: recorded.Skipped,
		Words: words(recorded, ours), Order: order(recorded, ours), Times: times(recorded, ours),
	}, nil
}

// record asks the account about the target at several moments.
func record(ctx context.Context, s lab.Scenario, seed uint64) (Recording, error) {
	var r Recording
	w, err := s.Start(lab.Options{Seed: seed})
	if err != nil {
		return r, err
	}
	server := httptest.NewServer(w.Handler())
	defer server.Close()
	c := wire.Client{Endpoint: server.URL, Region: w.Region}
	for range moments {
		if err := r.ask(ctx, c, s.Target); err != nil {
			return r, err
		}
		w.Advance(between)
	}
	r.order()
	return r, nil
}

// ask adds what the account answers now.
func (r *Recording) ask(ctx context.Context, c wire.Client, target string) error {
	cluster, service, _ := strings.Cut(target, "/")
	services, err := c.Call(ctx, "ecs", "DescribeServices", map[string]any{"cluster": cluster, "services": []any{service}})
	if err != nil {
		return err
	}
	if err := r.take(services); err != nil {
		return err
	}
	for _, status := range []string{"STOPPED", "RUNNING"} {
		list, err := c.Call(ctx, "ecs", "ListTasks", map[string]any{"cluster": cluster, "serviceName": service, "desiredStatus": status})
		if err != nil {
			return err
		}
		arns, _ := list["taskArns"].([]any)
		if len(arns) == 0 {
			continue
		}
		tasks, err := c.Call(ctx, "ecs", "DescribeTasks", map[string]any{"cluster": cluster, "tasks": arns})
		if err != nil {
			return err
		}
		if err := r.take(tasks); err != nil {
			return err
		}
	}
	for _, group := range groupsOf(services) {
		health, err := c.Call(ctx, "elasticloadbalancing", "DescribeTargetHealth", map[string]any{"TargetGroupArn": group})
		if err != nil {
			return err
		}
		if err := r.take(health); err != nil {
			return err
		}
	}
	return nil
}

// take reads an answer the way a saved one is read.
func (r *Recording) take(answer map[string]any) error {
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return err
	}
	r.add(d)
	return nil
}

func groupsOf(answer map[string]any) (out []string) {
	services, _ := answer["services"].([]any)
	for _, s := range services {
		balancers, _ := s.(map[string]any)["loadBalancers"].([]any)
		for _, b := range balancers {
			if arn, ok := b.(map[string]any)["targetGroupArn"].(string); ok {
				out = append(out, arn)
			}
		}
	}
	return out
}
