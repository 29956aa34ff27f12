package lab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// App is the behaviour of the program in an image: what it needs, says, uses, and how it ends. The zero App starts
// at once, says nothing, and runs until it is stopped.
type App struct {
	Programs []string      // what can be executed in the image: paths, or names found on $PATH; the first is the image's own entry point
	Needs    []string      // environment variables without which it exits with code 1 after Boot
	Boot     time.Duration // from the container's start to serving
	Warming  string        // log line every 15 s of Boot; "" = it starts in silence
	Says     []string      // log lines at the end of Boot
	Runs     time.Duration // it exits with Exit this long after Boot; 0 = it runs until stopped
	Exit     int32
	LastSays []string      // log lines just before that exit
	Memory   int           // MiB in use after Boot
	Peak     int           // MiB that it grows to, over Growth after Boot; 0 = Memory
	PeakEnv  string        // environment variable that gives Peak in MiB instead, such as HEAP_MIB
	Growth   time.Duration // 0 = at once
	Ignores  bool          // it does not react to SIGTERM and is killed after stopTimeout

	Calls    []string // environment variables with addresses of other services that it calls again and again
	Asks     string   // HOST:PORT that a consumer calls for each message; it counts a call in vain as one to its queue
	Login    string   // environment variable with the password that it shows to what it Asks; "" = it shows none
	Writes   string   // file that it opens to write after Boot; it exits with code 1 when it may not
	SpoolsTo string   // file that it fills with Spools MiB over Growth after Boot; on the task's own disk it exits with code 1 when that is full
	Spools   int

	Routes   bool // it is a log router of FireLens: it takes what other containers say and sends it on
	Collects bool // it takes traces from the other programs of its task and sends them to X-Ray

	Port    int32          // TCP port it listens on after Boot; 0 = none
	PortEnv string         // environment variable that gives the port instead
	Local   bool           // it listens on 127.0.0.1 only
	TLS     bool           // it speaks HTTPS, else HTTP
	Paths   map[string]int // status code by path; any other path is 404
	Hosts   []string       // host names it answers to, others get 400; nil = any
	Answers time.Duration  // how long an answer takes beside its work
	Work    time.Duration  // time of a whole vCPU that the answer to a visitor takes

	CPU      int       // percent of the task's CPU in use while it serves, of a consumer while it works on as much as it can; 0 = 5
	Consumes *Consumer // it works on the messages of a queue; nil = it does not
}

// has tells whether the image holds a program by that path or name.
func (a App) has(program string) bool {
	return slices.ContainsFunc(a.Programs, func(p string) bool {
		return p == program || !strings.Contains(program, "/") && strings.HasSuffix(p, "/"+program)
	})
}

// missing is the first needed variable that env lacks, or "".
func (a App) missing(env map[string]string) string {
	for _, name := range a.Needs {
		if env[name] == "" {
			return name
		}
	}
	return ""
}

// peak is the memory in MiB that the program grows to.
func (a App) peak(env map[string]string) int {
	if n, err := strconv.Atoi(env[a.PeakEnv]); a.PeakEnv != "" && err == nil {
		return n
	}
	return max(a.Peak, a.Memory)
}

// full is how long after Boot the program uses limit MiB; ok is false when it never does.
func (a App) full(env map[string]string, limit int) (after time.Duration, ok bool) {
	peak := a.peak(env)
	if peak <= limit {
		return 0, false
	}
	if limit <= a.Memory || a.Growth == 0 {
		return 0, true
	}
	return time.Duration(float64(a.Growth) * float64(limit-a.Memory) / float64(peak-a.Memory)), true
}

// start plans what the program in a container does after the container started.
func (w *World) startApp(t *task, c *container) {
	app := c.image.App
	if !slices.Contains(c.image.Platforms, t.platform()) {
		w.say(t, c, fmt.Sprintf("exec %s: exec format error", c.command()))
		w.later(t, 300*time.Millisecond, func() { w.exit(t, c, 255, "") })
		return
	}
	for d := time.Duration(0); app.Warming != "" && d < app.Boot; d += 15 * time.Second {
		w.later(t, d, func() { w.say(t, c, app.Warming) })
	}
	w.later(t, app.Boot, func() {
		if name := app.missing(c.env); name != "" {
			w.say(t, c, fmt.Sprintf("panic: required environment variable %s is not set", name), "", "goroutine 1 [running]:", "main.main()")
			w.exit(t, c, 1, "")
			return
		}
		if port := c.port(); port > 0 {
			if t.taken(port) {
				w.say(t, c, fmt.Sprintf("listen tcp :%d: bind: address already in use", port))
				w.exit(t, c, 1, "")
				return
			}
		}
		if !w.useFiles(t, c) {
			return
		}
		if app.Routes && !w.useOutputs(t, c) {
			return
		}
		c.serving = true
		w.say(t, c, app.Says...)
		if app.Consumes != nil {
			w.consume(t, c)
		}
		if len(app.Calls) > 0 {
			w.later(t, 5*time.Second, func() { w.callOthers(t, c) })
		}
		if app.Collects {
			w.export(t, c)
		} else if c.env[otlpVariable] != "" {
			w.handOver(t, c)
		}
		if after, ok := app.full(c.env, t.memoryLimit(c)); ok {
			w.later(t, after, func() { w.exit(t, c, 137, "OutOfMemoryError: Container killed due to memory usage") })
		}
		if app.Runs > 0 {
			w.later(t, app.Runs, func() {
				w.say(t, c, app.LastSays...)
				w.exit(t, c, app.Exit, "")
			})
		}
	})
}

// answer is the status code of a request.
func (a App) answer(path, host string) int {
	switch code, ok := a.Paths[path]; {
	case a.Hosts != nil && !slices.Contains(a.Hosts, host):
		return 400
	case ok:
		return code
	}
	return 404
}

// port is what the program of a container listens on; 0 = nothing.
func (c *container) port() int32 {
	if c.image == nil {
		return 0
	}
	if n := number(c.env[c.image.App.PortEnv]); c.image.App.PortEnv != "" && n > 0 {
		return int32(n)
	}
	return c.image.App.Port
}

// taken tells whether a container of the task listens on a port: all of them share one network interface.
func (t *task) taken(port int32) bool {
	return slices.ContainsFunc(t.containers, func(o *container) bool { return o.serving && !o.done && o.port() == port })
}

// say writes lines to the log of a container, if it has the awslogs driver and its stream exists, or to the log router.
func (w *World) say(t *task, c *container, lines ...string) {
	if c.routed() {
		w.route(t, c, lines)
		return
	}
	if c.logGroup == "" || w.logGroups[c.logGroup] == nil || len(lines) == 0 {
		return
	}
	w.putLog(c.logGroup, c.logStream, w.now, lines...)
}
