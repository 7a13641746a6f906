// Command model stands in for the container of a model: SAS Container Runtime, or its Python runtime.
//
// It answers POST at SAS_SCR_APP_PATH with {"data":{"version":VERSION,"sum":SUM}}, SUM that of the numbers among the
// inputs, or with LESS=NUMBER that number less the sum, and at the addresses of health. Its variables say how it fails:
//
//	PORT           where it listens, 8080 if absent; --server.port=N says the same
//	START          time until it listens
//	TAKES          time for an answer; the header Takes of a call says another
//	OBEYS          "true": ends with SIGTERM; else, as Java with -Xrs does, it ignores that as process 1, and only then
//	EXIT           ends with this code after START
//	EATS           MiB that it takes
//	ALIVE, READY   status of /live and /ready, 200 if absent
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	port := setting("PORT", "8080")
	for _, word := range os.Args[1:] {
		if found, ok := strings.CutPrefix(word, "--server.port="); ok {
			port = found
		}
	}
	if os.Getenv("OBEYS") != "true" && os.Getpid() == 1 {
		signal.Ignore(syscall.SIGTERM)
	}
	fmt.Println("model: version", os.Getenv("VERSION"))
	time.Sleep(duration(setting("START", "0s")))
	if code := os.Getenv("EXIT"); code != "" {
		fmt.Fprintln(os.Stderr, "model: no licence")
		number, _ := strconv.Atoi(code)
		os.Exit(number)
	}
	eat(setting("EATS", "0"))
	path := setting("SAS_SCR_APP_PATH", "/model")
	takes := duration(setting("TAKES", "1ms"))
	answered := sum
	if less, err := strconv.ParseFloat(os.Getenv("LESS"), 64); err == nil {
		answered = func(body io.Reader) float64 { return less - sum(body) }
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		wait := takes
		if own := r.Header.Get("Takes"); own != "" {
			wait = duration(own)
		}
		time.Sleep(wait)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"metadata":{},"data":{"version":%q,"sum":%v},"version":1}`, os.Getenv("VERSION"), answered(r.Body))
	})
	mux.HandleFunc("GET "+path+"/apiMeta/api", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, description)
	})
	for _, health := range []string{"/live", "/internal/live"} {
		mux.HandleFunc("GET "+health, answer(setting("ALIVE", "200")))
	}
	for _, health := range []string{"/ready", "/internal/ready"} {
		mux.HandleFunc("GET "+health, answer(setting("READY", "200")))
	}
	fmt.Fprintln(os.Stderr, http.ListenAndServe(":"+port, mux))
	os.Exit(1)
}

// description is what SAS Container Runtime says of a model; other inputs than these are taken too.
const description = `{"openapi":"3.0.1","components":{"schemas":{
"SCRInput":{"properties":{"data":{"properties":{
"ID":{"type":"string"},"NAME":{"type":"string"},"X":{"type":"number"}}}}},
"SCROutput":{"properties":{"data":{"properties":{"version":{"type":"string"},"sum":{"type":"number"}}}}}}}}`

func sum(body io.Reader) float64 {
	var call struct {
		Data   map[string]any
		Inputs []struct{ Value any }
	}
	_ = json.NewDecoder(body).Decode(&call) // a call without inputs has the sum 0
	total := 0.0
	add := func(value any) {
		if number, ok := value.(float64); ok {
			total += number
		}
	}
	for _, each := range call.Inputs {
		add(each.Value)
	}
	for _, value := range call.Data {
		add(value)
	}
	return total
}

func answer(status string) http.HandlerFunc {
	code, _ := strconv.Atoi(status)
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// eat takes memory and writes to it, so that it counts.
func eat(amount string) {
	count, _ := strconv.Atoi(amount)
	for range count {
		part := make([]byte, 1<<20)
		for i := 0; i < len(part); i += 4096 {
			part[i] = 1
		}
		eaten = append(eaten, part)
	}
}

var eaten [][]byte

func setting(name, absent string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return absent
}

func duration(text string) time.Duration {
	found, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return found
}
