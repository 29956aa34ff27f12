package lab

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// startHealthCheck begins the health check that the task definition has for a container. Defaults as the ECS API states them: every
// 30 s, 3 failures in a row, no start period. The image's own HEALTHCHECK is not looked at.
func (w *World) startHealthCheck(t *task, c *container) {
	h := c.def.HealthCheck
	if h == nil || len(h.Command) == 0 || h.Command[0] == "NONE" {
		return
	}
	began, failed := w.now, 0
	interval := seconds(cmp.Or(h.Interval, aws.Int32(30)))
	var look func()
	look = func() {
		if c.done {
			return
		}
		w.later(t, interval, look)
		switch {
		case w.runCheck(t, c):
			failed = 0
			w.setHealth(t, c, ecstypes.HealthStatusHealthy)
		case w.now.Sub(began) < seconds(h.StartPeriod): // failures do not count yet
		default:
			if failed++; failed >= int(aws.ToInt32(cmp.Or(h.Retries, aws.Int32(3)))) {
				w.setHealth(t, c, ecstypes.HealthStatusUnhealthy)
			}
		}
	}
	w.later(t, interval, look)
}

// setHealth changes a container's health, and with it the task's: unhealthy when an essential container is, healthy when all that
// have a check are.
func (w *World) setHealth(t *task, c *container, status ecstypes.HealthStatus) {
	if t.Containers[c.index].HealthStatus == status {
		return
	}
	t.Containers[c.index].HealthStatus = status
	all := ecstypes.HealthStatusHealthy
	for _, o := range t.containers {
		if o.def.HealthCheck == nil || !o.essential() {
			continue
		}
		switch t.Containers[o.index].HealthStatus {
		case ecstypes.HealthStatusUnhealthy:
			all = ecstypes.HealthStatusUnhealthy
		case ecstypes.HealthStatusUnknown:
			if all != ecstypes.HealthStatusUnhealthy {
				all = ecstypes.HealthStatusUnknown
			}
		}
	}
	if slices.ContainsFunc(t.containers, func(o *container) bool { return o.def.HealthCheck != nil && o.essential() }) {
		t.HealthStatus = all
	}
	w.assess(t)
	w.order(t)
}

// runCheck runs a health check's command inside the container: CMD-SHELL through the image's shell, CMD as it stands. What comes
// after a pipe or || is not run.
func (w *World) runCheck(t *task, c *container) bool {
	args := c.def.HealthCheck.Command
	switch args[0] {
	case "CMD-SHELL":
		if !c.image.App.has("/bin/sh") {
			return false
		}
		args = strings.Fields(strings.Join(args[1:], " "))
	case "CMD":
		args = args[1:]
	}
	if i := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "|") || strings.HasPrefix(a, "&") || a == ";" }); i >= 0 {
		args = args[:i]
	}
	if len(args) == 0 {
		return false
	}
	switch program := args[0]; {
	case program == "exit":
		return len(args) < 2 || args[1] == "0"
	case !c.image.App.has(program):
		return false
	case lastPart(program) == "curl", lastPart(program) == "wget":
		return w.fetched(t, c, args[1:])
	}
	return c.serving // the program's own check: it answers once it is up
}

// fetched tells whether an HTTP client inside the container gets a good answer. The address is the first argument that has the form of
// one, with or without http://.
func (w *World) fetched(t *task, c *container, args []string) bool {
	for _, a := range args {
		if strings.HasPrefix(a, "-") || !strings.ContainsAny(a, ":/.") && a != "localhost" {
			continue
		}
		a = strings.Trim(a, `"'`)
		if !strings.Contains(a, "://") {
			a = "http://" + a
		}
		u, err := url.Parse(a)
		if err != nil {
			return false
		}
		port := int32(number(cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])))
		l := t.listener(port, true)
		if l == nil || l.image.App.TLS != (u.Scheme == "https") {
			return false
		}
		limit := seconds(cmp.Or(c.def.HealthCheck.Timeout, aws.Int32(5)))
		return l.image.App.Answers < limit && l.image.App.answer(cmp.Or(u.Path, "/"), u.Hostname()) < 400
	}
	return false
}
