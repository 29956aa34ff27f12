package lab

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// visitors ask a listener rule for a page, evenly: what is behind its target groups answers.
type visitors struct {
	rule      string // ARN
	perMinute int
	path      string
}

// visitRule sends visitors to the rule of a load balancer by its name.
func (w *World) visitRule(name string, perMinute int) {
	put(&w.visiting, name, &visitors{w.names["rule:"+name], perMinute, "/"})
	w.everyMinute()
}

// measureVisits closes a minute of visitors: how many of them got which kind of answer from the targets.
func (w *World) measureVisits() {
	for _, v := range sorted(w.visiting) {
		r := w.elb.rules[v.rule]
		if r == nil || w.elb.listeners[r.listener] == nil {
			continue
		}
		dimension := []cwtypes.Dimension{{Name: aws.String("LoadBalancer"), Value: aws.String(balancerPath(aws.ToString(w.elb.listeners[r.listener].LoadBalancerArn)))}}
		counts := map[int]datum{}
		groups := serving(r.Actions)
		for _, arn := range groups {
			g := w.elb.targetGroups[arn]
			if g == nil {
				continue
			}
			targets := g.routable()
			for _, t := range targets {
				owner := w.taskAt(aws.ToString(g.VpcId), t.ip)
				if owner == nil {
					continue
				}
				if c := owner.listener(t.port, false); c != nil {
					class := c.image.App.answer(v.path, "") / 100
					d := counts[class]
					d.at = w.now.Add(-time.Minute)
					d.add(float64(v.perMinute / len(groups) / len(targets)))
					counts[class] = d
				}
			}
		}
		for class, d := range counts {
			w.sample(cwtypes.Metric{Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String(fmt.Sprintf("HTTPCode_Target_%dXX_Count", class)), Dimensions: dimension}, d)
		}
	}
}
