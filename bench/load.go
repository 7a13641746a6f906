// A model that takes a fixed time, and calls to it: both in Go, so that neither is what is measured.
//
//	load model PORT MILLISECONDS
//	load call ADDRESS CONNECTIONS SECONDS   prints calls a second and the median latency in microseconds
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

const body = `{"inputs":[{"name":"LOAN","value":1000},{"name":"MORTDUE","value":70053},{"name":"VALUE","value":68400},` +
	`{"name":"REASON","value":"HomeImp"},{"name":"JOB","value":"Other"}]}`

func main() {
	if os.Args[1] == "model" {
		model(os.Args[2], number(os.Args[3]))
		return
	}
	call(os.Args[2], number(os.Args[3]), time.Duration(number(os.Args[4]))*time.Second)
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

func model(port string, milliseconds int) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		time.Sleep(time.Duration(milliseconds) * time.Millisecond)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"outputs":[{"name":"EM_PROBABILITY","value":0.1234},{"name":"EM_CLASSIFICATION","value":"0"}]}`)
	}
	panic(http.ListenAndServe("127.0.0.1:"+port, http.HandlerFunc(handler)))
}

// call writes requests that are made beforehand, and reads answers no further than it must: a client such as net/http's
// takes as much of the processor as what is measured.
func call(address string, connections int, length time.Duration) {
	request := []byte(fmt.Sprintf("POST /invocations HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\n\r\n%s", address, len(body), body))
	var all []time.Duration
	var lock sync.Mutex
	var group sync.WaitGroup
	begin := time.Now()
	for range connections {
		group.Go(func() {
			var own []time.Duration
			var connection net.Conn
			var reader *bufio.Reader
			for time.Since(begin) < length {
				start := time.Now()
				if connection == nil {
					connection = dial(address)
					reader = bufio.NewReader(connection)
				}
				if _, err := connection.Write(request); err != nil {
					panic(err)
				}
				if read(reader) {
					connection.Close()
					connection = nil
				}
				own = append(own, time.Since(start))
			}
			lock.Lock()
			all = append(all, own...)
			lock.Unlock()
		})
	}
	group.Wait()
	rate := float64(len(all)) / time.Since(begin).Seconds()
	slices.Sort(all)
	fmt.Println(rate, all[len(all)/2].Microseconds())
}

func dial(address string) net.Conn {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		panic(err)
	}
	return connection
}

// read reads one answer, which must be 200, and tells whether the server closes the connection.
func read(reader *bufio.Reader) (closes bool) {
	length := -1
	for first := true; ; first = false {
		line, err := reader.ReadSlice('\n')
		if err != nil || (first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200"))) {
			panic(fmt.Sprint(string(line), err))
		}
		line = bytes.ToLower(bytes.TrimSpace(line))
		if len(line) == 0 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("content-length: ")); found {
			length = number(string(value))
		}
		closes = closes || bytes.Equal(line, []byte("connection: close"))
	}
	if _, err := reader.Discard(length); err != nil {
		panic(err)
	}
	return closes
}
