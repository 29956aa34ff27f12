package evidence

import (
	"testing"
	"time"
)

func TestCounted(t *testing.T) {
	for _, c := range []struct {
		n    int
		noun string
		want string
	}{
		{1, "task", "1 task"}, {0, "task", "0 tasks"}, {2, "ECS task", "2 ECS tasks"}, {2, "address", "2 addresses"}, {1, "address", "1 address"},
		{2, "entry", "2 entries"}, {2, "day", "2 days"}, {3, "NAT gateway", "3 NAT gateways"}, {2, "switch", "2 switches"},
	} {
		if got := Counted(c.n, c.noun); got != c.want {
			t.Errorf("Counted(%d, %q) = %q, want %q", c.n, c.noun, got, c.want)
		}
	}
}

func TestUTC(t *testing.T) {
	if got := UTC(time.Date(2026, 11, 2, 10, 4, 5, 0, time.FixedZone("CET", 3600))); got != "2026-11-02 09:04:05 UTC" {
		t.Errorf("got %q", got)
	}
}
