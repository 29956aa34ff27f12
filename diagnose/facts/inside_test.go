package facts

import (
	"testing"

	"github.com/ecsplain/ecsplain/diagnose/facts/image"
	"github.com/ecsplain/ecsplain/evidence"
)

func TestHeapMiB(t *testing.T) {
	for arg, want := range map[string]int{"-Xmx2g": 2048, "-Xmx512m": 512, "-Xmx524288k": 512, "-Xmx1073741824": 1024, "-XX:MaxHeapSize=1G": 1024,
		"--max-old-space-size=1536": 1536, "-Xms2g": 0, "-Xmx": 0, "-XmxLOTS": 0, "-XX:MaxRAMPercentage=75": 0, "serve": 0} {
		if got := heapMiB(arg); got != want {
			t.Errorf("%s is %d MiB, want %d", arg, got, want)
		}
	}
}

func TestNear(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"dockerhub", "docker-hub", true}, {"Docker_Hub", "docker-hub", true}, {"quya", "quay", false}, {"quaay", "quay", true}, {"guay", "quay", true},
		{"shop", "quay", false}, {"k8s", "k8x", false}, {"", "quay", false}, {"kubernetes", "kubernete", true}} {
		if near(c.a, c.b) != c.want || near(c.b, c.a) != c.want {
			t.Errorf("near(%q, %q) is not %v", c.a, c.b, c.want)
		}
	}
}

func TestExpires(t *testing.T) {
	rule := func(selection string) string {
		return `{"rules":[{"selection":{` + selection + `,"countType":"imageCountMoreThan","countNumber":3},"action":{"type":"expire"}}]}`
	}
	tag, digest := image.Reference{Tag: "rel-1"}, image.Reference{Digest: "sha256:1"}
	for _, c := range []struct {
		policy string
		ref    image.Reference
		want   bool
	}{
		{rule(`"tagStatus":"any"`), tag, true}, {rule(`"tagStatus":"any"`), digest, true},
		{rule(`"tagStatus":"untagged"`), digest, true}, {rule(`"tagStatus":"untagged"`), tag, false},
		{rule(`"tagStatus":"tagged","tagPrefixList":["rel-"]`), tag, true}, {rule(`"tagStatus":"tagged","tagPrefixList":["dev-"]`), tag, false},
		{rule(`"tagStatus":"tagged","tagPatternList":["rel-*"]`), tag, true}, {"not JSON", tag, false}, {"", tag, false},
	} {
		if got := expires(c.policy, c.ref) != ""; got != c.want {
			t.Errorf("%s selects %+v: %v, want %v", c.policy, c.ref, got, c.want)
		}
	}
}

// Who ended first: containers as NAME, code; the first one named is the one that serves.
func TestExitOrder(t *testing.T) {
	type end struct {
		name string
		code int
	}
	for _, c := range []struct {
		what     string
		ends     []end
		waited   int
		first    string
		finished bool
		late     bool
	}{
		{"alone", []end{{"app", 1}}, 0, "app", false, false},
		{"victim by signal", []end{{"app", 143}, {"proxy", 1}}, 1, "proxy", false, false},
		{"graceful victim", []end{{"app", 1}, {"proxy", 0}}, 1, "app", false, false},
		{"helper finished", []end{{"app", 143}, {"init", 0}}, 1, "init", true, false},
		{"helper finished, app killed late", []end{{"app", 137}, {"init", 0}}, 31, "init", true, true},
		{"killed at once, helper ended well", []end{{"app", 137}, {"proxy", 0}}, 2, "app", false, false},
		{"no times told", []end{{"app", 137}, {"proxy", 0}}, 0, "", false, false},
		{"both finished", []end{{"app", 0}, {"proxy", 0}}, 1, "", true, false},
		{"both crashed", []end{{"app", 1}, {"proxy", 2}}, 1, "", false, false},
	} {
		var td evidence.TaskDefinition
		var ended []evidence.Container
		for _, e := range c.ends {
			td.Containers = append(td.Containers, evidence.ContainerDefinition{Name: e.name, Essential: true})
			ended = append(ended, evidence.Container{Name: e.name, Exit: evidence.Exit{Known: true, Code: e.code}})
		}
		x := Exits{Main: "app", Waited: c.waited, StopTimeout: defaultStopTimeout}
		x.order(ended, td)
		if x.First != c.first || x.Finished != c.finished || x.KilledLate != c.late || x.Sidecar != (c.first != "" && c.first != "app") {
			t.Errorf("%s: %+v", c.what, x)
		}
	}
}

// The kernel's "exec FILE: no such file" means something else than runc's own look-up.
func TestStartCause(t *testing.T) {
	const missing = "container-start/entrypoint-not-found"
	for text, want := range map[string]string{
		`exec: "gunicorn": executable file not found in $PATH`:         lineProgramMissing,
		`exec: "/srv/run": stat /srv/run: no such file or directory`:   lineProgramMissing,
		`exec /app/server: no such file or directory`:                  lineInterpreter,
		`/x.sh: /bin/bash: bad interpreter: No such file or directory`: lineInterpreter,
		`env: 'bash\r': No such file or directory`:                     lineEnds,
	} {
		if got := startCause(missing, text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
