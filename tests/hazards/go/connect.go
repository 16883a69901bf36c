// Connects count times at once, exchanges eight bytes on each, says whom it is connected to. Args: port, count.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
)

func once(port string) error {
	connection, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	defer connection.Close()
	if connection.RemoteAddr().String() != "127.0.0.1:"+port {
		return fmt.Errorf("connected to %v", connection.RemoteAddr())
	}
	if _, err = connection.Write([]byte("12345678")); err != nil {
		return err
	}
	back := make([]byte, 8)
	if _, err = io.ReadFull(connection, back); err != nil || string(back) != "12345678" {
		return fmt.Errorf("got %q: %v", back, err)
	}
	return nil
}

func main() {
	count, _ := strconv.Atoi(os.Args[2])
	var group sync.WaitGroup
	failures := make(chan error, count)
	for i := 0; i < count; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			if err := once(os.Args[1]); err != nil {
				failures <- err
			}
		}()
	}
	group.Wait()
	fmt.Println("failed", len(failures))
	_, err := net.Dial("tcp", "127.0.0.1:1")
	fmt.Println(err)
}
