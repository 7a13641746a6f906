// Command load calls an address over and over, and counts what is lost.
//
//	load [-connections N] [-new] [-age D] [-calls N] [-least N] [-host NAME] URL
//
// It goes on until SIGTERM, and then until at least so many calls were made, or until -calls, and prints one line of
// JSON: calls, lost, connections, versions (calls by what the model answers), errors, seconds. A connection is kept
// until an answer says close or it is as old as -age; with -new each call has its own. A call is lost when its answer
// does not come whole, or is not 200: nothing is sent twice.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type result struct {
	Calls       int            `json:"calls"`
	Lost        int            `json:"lost"`
	Connections int            `json:"connections"`
	Versions    map[string]int `json:"versions"`
	Errors      map[string]int `json:"errors"`
	Seconds     float64        `json:"seconds"`
}

const body = `{"inputs":[{"name":"x","value":1}]}`

var (
	fresh = flag.Bool("new", false, "a connection for each call")
	count = flag.Int("connections", 16, "at once")
	limit = flag.Int64("calls", 1<<40, "calls at most")
	least = flag.Int64("least", 0, "calls at least")
	age   = flag.Duration("age", time.Hour, "of a connection at most")
	host  = flag.String("host", "", "Host of the calls, if not that of the URL")

	begun   atomic.Int64
	stopped atomic.Bool
)

func main() {
	flag.Parse()
	start := time.Now()
	target, err := url.Parse(flag.Arg(0))
	if err != nil {
		panic(err)
	}
	text := request(target)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() { <-signals; stopped.Store(true) }()
	results := make([]result, *count)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() { results[i] = client(target.Host, text) })
	}
	group.Wait()
	all := sum(results)
	all.Seconds = time.Since(start).Seconds()
	json.NewEncoder(os.Stdout).Encode(all)
}

// request returns what each call sends: all of it, so that a call costs this program as little as can be.
func request(target *url.URL) []byte {
	name, kept := target.Host, "keep-alive"
	if *host != "" {
		name = *host
	}
	if *fresh {
		kept = "close"
	}
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		target.RequestURI(), name, kept, len(body), body)
}

func client(address string, request []byte) result {
	found := result{Versions: map[string]int{}, Errors: map[string]int{}}
	var conn net.Conn
	answers := bufio.NewReader(nil)
	var opened time.Time
	for {
		number := begun.Add(1)
		if number > *limit || (stopped.Load() && number > *least) {
			break
		}
		found.Calls++
		var err error
		if conn == nil {
			found.Connections++
			opened = time.Now()
			conn, err = net.DialTimeout("tcp", address, 5*time.Second)
			answers.Reset(conn)
		}
		version, again := "", false
		if err == nil {
			version, again, err = call(conn, answers, request)
		}
		if err != nil {
			found.Lost++
			found.Errors[err.Error()]++
		} else {
			found.Versions[version]++
		}
		if conn != nil && (!again || *fresh || time.Since(opened) > *age) {
			conn.Close()
			conn = nil
		}
	}
	if conn != nil {
		conn.Close()
	}
	return found
}

// call makes one call, and says which version answered, and whether the connection may be used again.
func call(conn net.Conn, answers *bufio.Reader, request []byte) (string, bool, error) {
	conn.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err := conn.Write(request); err != nil {
		return "", false, fmt.Errorf("not sent")
	}
	answer, err := http.ReadResponse(answers, nil)
	if err != nil {
		return "", false, fmt.Errorf("no answer")
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", false, fmt.Errorf("half an answer")
	}
	if answer.StatusCode != 200 {
		return "", !answer.Close, fmt.Errorf("status %d", answer.StatusCode)
	}
	var said struct {
		Data        struct{ Version string }
		Predictions []struct{ Version string } // of TensorFlow Serving
	}
	json.Unmarshal(text, &said)
	if len(said.Predictions) > 0 {
		return said.Predictions[0].Version, !answer.Close, nil
	}
	return said.Data.Version, !answer.Close, nil
}

func sum(parts []result) result {
	all := result{Versions: map[string]int{}, Errors: map[string]int{}}
	for _, each := range parts {
		all.Calls += each.Calls
		all.Lost += each.Lost
		all.Connections += each.Connections
		for version, n := range each.Versions {
			all.Versions[version] += n
		}
		for text, n := range each.Errors {
			all.Errors[text] += n
		}
	}
	return all
}
