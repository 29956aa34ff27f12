package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsplain/ecsplain/lab"
)

// labEnv names the running lab in the shell that lab shell opens, as http://127.0.0.1:PORT.
const labEnv = "ECSPLAIN_LAB"

// labFlags are what finds the running lab.
type labFlags struct{ port int }

func (f *labFlags) on(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.port, "port", labPort, "where the lab listens; in a shell of lab shell it is known")
}

// runningLab is a lab that another process runs.
type runningLab struct{ url string }

// findLab tells where the running lab is: by --port, else by the shell it is called from, else the usual port. Whether one listens there shows
// with the first request.
func (a *app) findLab(cmd *cobra.Command, f labFlags) (runningLab, error) {
	there := a.getenv(labEnv)
	if cmd.Flags().Changed("port") || there == "" {
		if f.port < 1 || f.port > 65535 {
			return runningLab{}, usagef(cmd.CommandPath()+" --port 4566", "--port %d: want 1 to 65535", f.port)
		}
		return runningLab{"http://127.0.0.1:" + strconv.Itoa(f.port)}, nil
	}
	u, err := url.Parse(there)
	if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Port() == "" {
		return runningLab{}, usagef("unset "+labEnv, "%s is %q; want http://127.0.0.1:PORT, as lab shell sets it", labEnv, there)
	}
	return runningLab{"http://" + u.Host}, nil
}

// ask makes one request of the lab's control and reads the answer into out.
func (l runningLab) ask(ctx context.Context, method, path string, query url.Values, out any) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, l.url+lab.ControlPath+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	req.Header.Set(lab.ControlHeader, "1")
	direct := &http.Transport{Proxy: nil} // it is on this machine, whatever proxy there is
	defer direct.CloseIdleConnections()
	resp, err := (&http.Client{Transport: direct}).Do(req)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no lab listens on %s\n  try: ecsplain lab up, in another terminal; or --port PORT, where it listens on another", l.url)
	case err != nil:
		return fmt.Errorf("the lab on %s does not answer: %w", l.url, err)
	}
	defer resp.Body.Close()
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return fmt.Errorf("what listens on %s is no lab of this version of ecsplain\n  try: ecsplain lab up --port 0, in another terminal, and its port here", l.url)
	}
	if resp.StatusCode != http.StatusOK {
		var no struct {
			Error string `json:"error"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&no); err != nil || no.Error == "" {
			return fmt.Errorf("the lab on %s answers %s", l.url, resp.Status)
		}
		return errors.New(no.Error)
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("the answer of the lab on %s cannot be read: %w", l.url, err)
	}
	return nil
}

func (l runningLab) status(ctx context.Context) (s lab.Status, err error) {
	return s, l.ask(ctx, http.MethodGet, "status", nil, &s)
}
