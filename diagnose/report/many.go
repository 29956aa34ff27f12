package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsplain/ecsplain/diagnose"
	"github.com/ecsplain/ecsplain/diagnose/facts"
)

// worst orders health, the worst first.
var worst = []facts.Health{facts.Down, facts.Degraded, facts.Unknown, facts.Healthy}

// many writes a report on several targets: what they share, one table with the worst first, then the sick ones.
func (v *view) many() {
	p := v.page
	p.lines = append(p.lines, v.tally())
	p.paraIn(bold, "", 0, who(v.report), 0)
	v.notes()
	for i, s := range v.report.Shared {
		if i == 0 {
			p.heading("Shared causes")
		}
		p.item(fmt.Sprintf("[%d]", i+1), fmt.Sprintf("%s: %s (%s, %s)", plural(len(s.Services), "service"), clean(s.Title), clean(s.ID), subjectWords(s.Subject)))
	}
	targets := slices.Clone(v.report.Targets)
	slices.SortStableFunc(targets, func(a, b diagnose.TargetReport) int {
		return cmp.Or(slices.Index(worst, a.Health)-slices.Index(worst, b.Health), cmp.Compare(v.sharedBy(a), v.sharedBy(b)),
			strings.Compare(a.Target.String(), b.Target.String()))
	})
	v.table(targets)
	told := map[int]bool{}
	for _, t := range targets {
		if t.Health == facts.Healthy {
			continue
		}
		v.sick(t, told)
	}
	v.calls()
}

func (v *view) tally() string {
	n := map[facts.Health]int{}
	for _, t := range v.report.Targets {
		n[t.Health]++
	}
	var parts []string
	for _, h := range worst {
		if n[h] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[h], v.page.style(healthWords[h].style, healthWords[h].word)))
		}
	}
	return plural(len(v.report.Targets), "service") + ": " + strings.Join(parts, ", ") + "."
}

// sharedBy is the number of the shared cause that answers for a target, from 1; a large number where none does.
func (v *view) sharedBy(t diagnose.TargetReport) int {
	f, ok := answer(t)
	if !ok || f.Verdict != diagnose.Confirmed {
		return len(v.report.Shared) + 1
	}
	i := slices.IndexFunc(v.report.Shared, func(s diagnose.Shared) bool { return s.ID == f.ID && s.Subject.ID == f.Subject.ID })
	if i < 0 {
		return len(v.report.Shared) + 1
	}
	return i + 1
}

// table has a row for each sick target; healthy ones share a line.
func (v *view) table(targets []diagnose.TargetReport) {
	p := v.page
	var rows [][]string
	var well, none []string
	for _, t := range targets {
		if parked(t) {
			none = append(none, clean(t.Target.String()))
			continue
		}
		if t.Health == facts.Healthy {
			well = append(well, clean(t.Target.String()))
			continue
		}
		counts, since := "?", "?"
		if t.Impact.Status != "" {
			counts = fmt.Sprintf("%d of %d", t.Impact.Running, t.Impact.Desired)
		}
		if t.Impact.Since.Known {
			since = ago(t.Impact.Since.At, v.report.At)
		}
		word := healthWords[t.Health].word
		if noSessions(t) {
			word = "NO SESSION"
		}
		rows = append(rows, []string{word, clean(t.Target.String()), counts, since, v.causeWords(t)})
	}
	p.blank()
	col := v.grid([]string{"HEALTH ", "TARGET", "RUNNING", "SINCE", "CAUSE"}, rows)
	if len(well) > 0 {
		p.paraIn(green, "healthy", col, strings.Join(well, ", "), v.wellLines())
	}
	if len(none) > 0 {
		p.paraIn(yellow, "told 0", col, strings.Join(none, ", ")+" (told to run no task; diagnose one by itself to see who did it)", 0)
	}
}

func (v *view) wellLines() int {
	if v.verbose {
		return 0
	}
	return 3
}

func (v *view) causeWords(t diagnose.TargetReport) string {
	f, ok := answer(t)
	switch {
	case !ok:
		return "not proven"
	case v.sharedBy(t) <= len(v.report.Shared):
		return fmt.Sprintf("[%d] %s", v.sharedBy(t), clean(f.ID))
	case f.Verdict == diagnose.Changed:
		return clean(f.ID) + " (fits, but changed)"
	}
	return strings.TrimSpace(clean(f.ID) + " " + clean(f.Subject.ID))
}

// grid aligns columns; the last one may run over the edge. It gives the column in which the second one stands.
func (v *view) grid(head []string, rows [][]string) int {
	if len(rows) == 0 {
		return len(head[0]) + 2
	}
	all := append([][]string{head}, rows...)
	widths := make([]int, len(head))
	for _, r := range all {
		for i, c := range r {
			widths[i] = max(widths[i], len([]rune(c)))
		}
	}
	for n, r := range all {
		var sb strings.Builder
		for i, c := range r {
			pad := strings.Repeat(" ", widths[i]-len([]rune(c))+2)
			switch {
			case n == 0:
				c = v.page.style(bold, c)
			case i == 0:
				c = v.page.style(styleOf(c), c)
			}
			sb.WriteString(c + pad)
		}
		v.page.lines = append(v.page.lines, strings.TrimRight(sb.String(), " "))
	}
	return widths[0] + 2
}

func styleOf(word string) string {
	for _, h := range healthWords {
		if h.word == word {
			return h.style
		}
	}
	return bold
}

// sick writes the details of one target among several. A shared cause is told once.
func (v *view) sick(t diagnose.TargetReport, told map[int]bool) {
	p := v.page
	p.blank()
	p.lines = append(p.lines, strings.Repeat("-", p.width))
	v.headline(p, t)
	if w := impactWords(t); w != "" {
		p.para("Impact", w)
		p.para("Since", sinceWords(t, v.report.At))
	}
	f, ok := answer(t)
	n := v.sharedBy(t)
	if ok && told[n] {
		p.para("Cause", fmt.Sprintf("[%d] %s, told above.", n, clean(f.Title)))
		if aid, ok := firstAid(t); ok {
			todo(p, "Do first", aid, 0, 0)
		}
		v.incidents(t)
		for _, f := range t.Findings[1:] {
			v.other(f)
		}
		return
	}
	if n <= len(v.report.Shared) {
		told[n] = true
	}
	b := budgets[0]
	if aid, ok := firstAid(t); ok {
		todo(p, "Do first", aid, 0, 0)
	}
	if !ok {
		v.unproven(p, t, b)
	} else {
		v.causeBlock(p, t, f, b)
	}
	v.details(t)
}
