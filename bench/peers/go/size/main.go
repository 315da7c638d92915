// The smallest program with two goroutines that let one another run.
package main

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

func main() {
	var group sync.WaitGroup
	var turns int32
	group.Add(2)
	for _, times := range []int{3, 5} {
		go func(times int) {
			for i := 0; i < times; i++ {
				atomic.AddInt32(&turns, 1)
				runtime.Gosched()
			}
			group.Done()
		}(times)
	}
	group.Wait()
	if turns != 8 {
		os.Exit(1)
	}
}
