// Asks a provider's URL once by net/http and prints the answer; then, if told to, connects many times from many
// goroutines. Args: URL body [host:port connections].
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

func ask(url, body string) error {
	request, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("x-api-key", "sk-ant-api03-fake")
	request.Header.Set("anthropic-version", "2023-06-01")
	request.Header.Set("content-type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, string(text))
	return err
}

func answers(connection net.Conn) bool {
	defer connection.Close()
	connection.(*net.TCPConn).SetLinger(0) // leaves no TIME_WAIT behind
	if _, err := io.WriteString(connection, "GET / HTTP/1.1\r\nHost: provider\r\n\r\n"); err != nil {
		return false
	}
	head := make([]byte, 8)
	_, err := io.ReadFull(connection, head)
	return err == nil && string(head) == "HTTP/1.1"
}

func connectMany(to string, many int) (connected int64) {
	const goroutines = 64
	var group sync.WaitGroup
	var next int64
	for i := 0; i < goroutines; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for atomic.AddInt64(&next, 1) <= int64(many) {
				connection, err := net.Dial("tcp", to)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					continue
				}
				if answers(connection) {
					atomic.AddInt64(&connected, 1)
				}
			}
		}()
	}
	group.Wait()
	return connected
}

func main() {
	if err := ask(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if len(os.Args) > 4 {
		many, _ := strconv.Atoi(os.Args[4])
		fmt.Println("connected", connectMany(os.Args[3], many))
	}
}
