package lab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones of schedules, where the machine has none
)

// timetable is a read schedule expression: rate(5 minutes), cron(0 2 * * ? *) or at(2026-11-03T02:00:00). Source: EventBridge user guide,
// "Setting a schedule pattern"; EventBridge Scheduler user guide, "Schedule types".
type timetable struct {
	every time.Duration // of rate; 0 = not a rate
	once  time.Time     // of at; zero = not an at
	cron  *cron         // nil = not a cron
	zone  *time.Location
}

// parseTimetable reads an expression. Rules know no at().
func parseTimetable(expression string, zone *time.Location, at bool) (timetable, error) {
	t := timetable{zone: zone}
	kind, rest, ok := strings.Cut(strings.TrimSuffix(expression, ")"), "(")
	if !ok || !strings.HasSuffix(expression, ")") {
		return t, fmt.Errorf("%q is no expression", expression)
	}
	var err error
	switch {
	case kind == "rate":
		t.every, err = parseRate(rest)
	case kind == "cron":
		t.cron, err = parseCron(rest)
	case kind == "at" && at:
		t.once, err = time.ParseInLocation("2006-01-02T15:04:05", rest, zone)
	default:
		err = fmt.Errorf("%q is no kind of expression", kind)
	}
	return t, err
}

// parseRate reads "1 hour" or "5 minutes": one goes with the singular, more with the plural.
func parseRate(text string) (time.Duration, error) {
	count, unit, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(count)
	single, plural := unit, strings.HasSuffix(unit, "s")
	single = strings.TrimSuffix(single, "s")
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": day}
	if err != nil || n < 1 || units[single] == 0 || plural != (n > 1) {
		return 0, fmt.Errorf("rate(%s)", text)
	}
	return time.Duration(n) * units[single], nil
}

// next is the first time after a moment at which it fires; since is when a rate began. ok is false when there is none.
func (t timetable) next(after, since time.Time) (at time.Time, ok bool) {
	switch {
	case t.every > 0:
		if after.Before(since) {
			return since, true
		}
		return since.Add(t.every * (after.Sub(since)/t.every + 1)), true
	case t.cron != nil:
		return t.cron.next(after.In(t.zone))
	}
	return t.once, t.once.After(after)
}

// cron is minutes, hours, day of month, month, day of week, year. Of the two days one is "?".
type cron struct {
	minutes, hours, days, months, weekdays, years field
}

// field is the values that a field of a cron expression takes; words are the forms with L, W and #, judged by date.
type field struct {
	values []int
	words  []string
	any    bool // "?"
}

var (
	monthNames   = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdayNames = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

func parseCron(text string) (*cron, error) {
	parts := strings.Fields(text)
	if len(parts) != 6 {
		return nil, fmt.Errorf("cron(%s) has %d fields; it takes 6", text, len(parts))
	}
	c := &cron{}
	for i, f := range []struct {
		into     *field
		from, to int
		names    []string
	}{{&c.minutes, 0, 59, nil}, {&c.hours, 0, 23, nil}, {&c.days, 1, 31, nil}, {&c.months, 1, 12, monthNames}, {&c.weekdays, 1, 7, weekdayNames}, {&c.years, 1970, 2199, nil}} {
		var err error
		if *f.into, err = parseField(parts[i], f.from, f.to, f.names, i == 2 || i == 4); err != nil {
			return nil, fmt.Errorf("cron(%s): %w", text, err)
		}
	}
	if c.days.any == c.weekdays.any {
		return nil, fmt.Errorf("cron(%s): one of day-of-month and day-of-week must be ?", text)
	}
	return c, nil
}

func parseField(text string, from, to int, names []string, day bool) (field, error) {
	f := field{any: text == "?"}
	if f.any {
		if !day {
			return f, fmt.Errorf("? is for days only")
		}
		return f, nil
	}
	for _, part := range strings.Split(text, ",") {
		if day && (strings.ContainsAny(part, "LW#") && part != "WED") && namedDay(part) < 0 {
			f.words = append(f.words, part)
			continue
		}
		if err := f.add(part, from, to, names); err != nil {
			return f, err
		}
	}
	return f, nil
}

func namedDay(part string) int { return slices.Index(weekdayNames, part) }

// add takes one of *, 5, 5-9, */10, 5/10, MON, MON-FRI.
func (f *field) add(part string, from, to int, names []string) error {
	span, step, stepped := strings.Cut(part, "/")
	by := 1
	if stepped {
		n, err := strconv.Atoi(step)
		if err != nil || n < 1 {
			return fmt.Errorf("step %q", step)
		}
		by = n
	}
	number := func(s string) (int, error) {
		if i := slices.Index(names, strings.ToUpper(s)); i >= 0 {
			return from + i, nil
		}
		n, err := strconv.Atoi(s)
		if err == nil && (n < from || n > to) {
			err = fmt.Errorf("%d is not in %d to %d", n, from, to)
		}
		return n, err
	}
	low, high := from, to
	if span != "*" {
		first, last, ranged := strings.Cut(span, "-")
		var err error
		if low, err = number(first); err != nil {
			return err
		}
		switch {
		case ranged:
			if high, err = number(last); err != nil {
				return err
			}
		case !stepped:
			high = low
		}
	}
	for n := low; n <= high; n += by {
		f.values = append(f.values, n)
	}
	return nil
}

func (f field) has(n int) bool { return slices.Contains(f.values, n) }

// next tries the days one after the other. A local time that the change to summer time leaves out does not fire; one that comes twice
// fires once.
func (c *cron) next(after time.Time) (time.Time, bool) {
	for d := 0; d < 366*8; d++ {
		y, m, dd := after.AddDate(0, 0, d).Date()
		date := time.Date(y, m, dd, 12, 0, 0, 0, after.Location())
		if !c.on(date) {
			continue
		}
		for _, h := range slices.Sorted(slices.Values(c.hours.values)) {
			for _, minute := range slices.Sorted(slices.Values(c.minutes.values)) {
				at := time.Date(y, m, dd, h, minute, 0, 0, after.Location())
				if at.After(after) && at.Hour() == h && at.Minute() == minute {
					return at, true
				}
			}
		}
	}
	return time.Time{}, false
}

// on tells whether it fires on a date at all.
func (c *cron) on(date time.Time) bool {
	if !c.months.has(int(date.Month())) || !c.years.has(date.Year()) {
		return false
	}
	if c.weekdays.any {
		return c.days.has(date.Day()) || slices.ContainsFunc(c.days.words, func(w string) bool { return dayWord(w, date) })
	}
	return c.weekdays.has(int(date.Weekday())+1) || slices.ContainsFunc(c.weekdays.words, func(w string) bool { return weekdayWord(w, date) })
}

// dayWord is L (the last day of the month) or 15W (the weekday nearest to the 15th).
func dayWord(word string, date time.Time) bool {
	last := date.AddDate(0, 1, -date.Day()).Day()
	if word == "L" {
		return date.Day() == last
	}
	n, err := strconv.Atoi(strings.TrimSuffix(word, "W"))
	if err != nil || n < 1 || n > last {
		return false
	}
	want := date.AddDate(0, 0, n-date.Day())
	switch {
	case want.Weekday() == time.Saturday && n > 1:
		want = want.AddDate(0, 0, -1)
	case want.Weekday() == time.Saturday:
		want = want.AddDate(0, 0, 2)
	case want.Weekday() == time.Sunday && n < last:
		want = want.AddDate(0, 0, 1)
	case want.Weekday() == time.Sunday:
		want = want.AddDate(0, 0, -2)
	}
	return want.Day() == date.Day()
}

// weekdayWord is 6#3 (the third Friday), 6L (the last Friday) or L (Saturday).
func weekdayWord(word string, date time.Time) bool {
	is := int(date.Weekday()) + 1
	if weekday, nth, ok := strings.Cut(word, "#"); ok {
		return weekday == strconv.Itoa(is) && nth == strconv.Itoa((date.Day()+6)/7)
	}
	last := date.AddDate(0, 0, 7).Month() != date.Month()
	return word == "L" && is == 7 || word == strconv.Itoa(is)+"L" && last
}
