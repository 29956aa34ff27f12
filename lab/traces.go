package lab

import (
	"fmt"
	"net"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// otlpVariable tells a program where to hand over its traces (OpenTelemetry specification, "OTLP exporter").
const otlpVariable = "OTEL_EXPORTER_OTLP_ENDPOINT"

// handOver is a traced program that gives its traces to the collector that otlpVariable names, again and again. Where nobody takes them they
// are lost, the program says so and goes on.
func (w *World) handOver(t *task, c *container) {
	w.later(t, w.about(exportEvery), func() {
		if c.done || !c.serving {
			return
		}
		if broken := w.collectorGone(t, c); broken != "" {
			w.say(t, c, fmt.Sprintf(`level=warn msg="traces export: exporter export timeout: rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: %s\""`, broken))
		} else {
			c.handed = w.now
		}
		w.handOver(t, c)
	})
}

// collectorGone is what a program hears that calls its collector; "" = it is there.
func (w *World) collectorGone(t *task, c *container) string {
	u, err := url.Parse(c.env[otlpVariable])
	if err != nil || u.Host == "" {
		return fmt.Sprintf("parse %q: no such address", c.env[otlpVariable])
	}
	port := int32(number(u.Port()))
	if host := u.Hostname(); host != "localhost" && !net.ParseIP(host).IsLoopback() {
		_, broken := w.dial(t, host, port)
		return broken
	}
	if l := t.listener(port, true); l != nil && l.image.App.Collects {
		return ""
	}
	return fmt.Sprintf("dial tcp 127.0.0.1:%d: connect: connection refused", port)
}

// untaken says which task of a service hands its traces over to nobody; "" when none does.
func (w *World) untaken(s *service) string {
	for _, t := range s.live(nil) {
		for _, c := range t.containers {
			if c.env[otlpVariable] != "" && c.image != nil && !c.image.App.Collects && w.now.Sub(latest(c.handed, aws.ToTime(t.StartedAt))) > unsentAfter {
				return "nobody takes the traces of task " + t.id
			}
		}
	}
	return ""
}
