// The rows in Go: goroutines and channels of the standard library. As many threads run them as there are CPUs. What has
// no counterpart is left out: a chain of calls is no chain of futures, so ready_chain_5 is not here.
package main

import (
	"fmt"
	"math"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type value struct {
	unit  string
	value float64
}

// A value that is no number: the CPU time of the process, which its parent knows.
var ofProcess = math.NaN()

type workload struct {
	row   string
	run   func(count int) []value
	fresh bool
}

func each(start time.Time, count int) []value {
	return []value{{"ns", float64(time.Since(start).Nanoseconds()) / float64(count)}}
}

func check(condition bool, what string) {
	if !condition {
		fmt.Fprintln(os.Stderr, "bench: wrong:", what)
		os.Exit(1)
	}
}

func sumBelow(count int) uint64 { return uint64(count) * uint64(count-1) / 2 }

func sumOfBytes(count int) uint64 {
	sum := uint64(count/256) * sumBelow(256)
	if count%256 > 0 {
		sum += sumBelow(count % 256)
	}
	return sum
}

type random uint64

func newRandom() random { return 88172645463325252 }

func (r *random) next() uint64 {
	*r ^= *r << 13
	*r ^= *r >> 7
	*r ^= *r << 17
	return uint64(*r)
}

// ---- Goroutines -----------------------------------------------------------------------------------------------------

func yields(tasks int) func(int) []value {
	return func(count int) []value {
		var group sync.WaitGroup
		var done int64
		times := count / tasks
		gate := make(chan struct{})
		group.Add(tasks)
		for i := 0; i < tasks; i++ {
			go func() {
				<-gate
				for i := 0; i < times; i++ {
					runtime.Gosched()
				}
				atomic.AddInt64(&done, int64(times))
				group.Done()
			}()
		}
		runtime.Gosched()
		start := time.Now()
		close(gate)
		group.Wait()
		answer := each(start, tasks*times)
		check(done == int64(tasks*times), "the number of yields")
		return answer
	}
}

// A goroutine keeps its stack: however deep it waits, nothing above is called again.
//
//go:noinline
func deep(depth, count int) int {
	if depth > 1 {
		return deep(depth-1, count) + 0*depth
	}
	for i := 0; i < count; i++ {
		runtime.Gosched()
	}
	return count
}

func wakes(depth int) func(int) []value {
	return func(count int) []value {
		output := make(chan int)
		start := time.Now()
		go func() { output <- deep(depth, count) }()
		got := <-output
		answer := each(start, count)
		check(got == count, "the number of wakes")
		return answer
	}
}

func spawnJoin(count int) []value {
	var group sync.WaitGroup
	outputs := make([]uint32, count)
	start := time.Now()
	group.Add(count)
	for i := 0; i < count; i++ {
		go func(i int) {
			outputs[i] = uint32(i & 0xff)
			group.Done()
		}(i)
	}
	group.Wait()
	sum := uint64(0)
	for _, output := range outputs {
		sum += uint64(output)
	}
	answer := each(start, count)
	check(sum == sumOfBytes(count), "the sum of the tasks")
	return answer
}

func spawnSeq(count int) []value {
	sum := uint64(0)
	output := make(chan int, 1)
	start := time.Now()
	for i := 0; i < count; i++ {
		go func(i int) { output <- i & 0xff }(i)
		sum += uint64(<-output)
	}
	answer := each(start, count)
	check(sum == sumOfBytes(count), "the sum of the tasks")
	return answer
}

// ---- Channels -------------------------------------------------------------------------------------------------------

func pingpong(count int) []value {
	there, back := make(chan uint32, 1024), make(chan uint32, 1024)
	done := make(chan struct{})
	start := time.Now()
	go func() {
		for i := 0; i < count; i++ {
			there <- uint32(i)
			check(<-back == uint32(i), "another ball")
		}
		close(done)
	}()
	go func() {
		for i := 0; i < count; i++ {
			ball := <-there
			check(ball == uint32(i), "another ball")
			back <- ball
		}
	}()
	<-done
	return each(start, count)
}

func send(messages chan<- uint32, count int) {
	for i := 0; i < count; i++ {
		messages <- uint32(i)
	}
	close(messages)
}

func mpsc(count int) []value {
	messages, sums := make(chan uint32, 1024), make(chan uint64)
	start := time.Now()
	go send(messages, count)
	go func() {
		sum := uint64(0)
		for message := range messages {
			sum += uint64(message)
		}
		sums <- sum
	}()
	sum := <-sums
	answer := each(start, count)
	check(sum == sumBelow(count), "the sum of the messages")
	return answer
}

func selectLoop(count int) []value {
	messages, stop, sums := make(chan uint32, 1024), make(chan uint32, 1), make(chan uint64)
	start := time.Now()
	go send(messages, count)
	go func() {
		sum := uint64(0)
		for i := 0; i < count; i++ {
			select {
			case message := <-messages:
				sum += uint64(message)
			case <-stop:
				check(false, "nobody said stop")
			}
		}
		sums <- sum
	}()
	sum := <-sums
	answer := each(start, count)
	check(sum == sumBelow(count), "the sum of the messages")
	return answer
}

func wakeThreads(count int) []value {
	ping, pong := make(chan struct{}, 1), make(chan struct{}, 1)
	ready, done := make(chan struct{}), make(chan struct{})
	go func() { // a thread for each, as in the other programs
		runtime.LockOSThread()
		close(ready)
		for i := 0; i < count; i++ {
			<-ping
			pong <- struct{}{}
		}
		close(done)
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	<-ready
	start := time.Now()
	for i := 0; i < count; i++ {
		ping <- struct{}{}
		<-pong
	}
	<-done
	return each(start, 2*count)
}

// ---- Locks ----------------------------------------------------------------------------------------------------------

func mutexFree(count int) []value {
	var mutex sync.Mutex
	turns := 0
	start := time.Now()
	for i := 0; i < count; i++ {
		mutex.Lock()
		turns++
		mutex.Unlock()
	}
	answer := each(start, count)
	check(turns == count, "the number of turns")
	return answer
}

func mutex100(count int) []value {
	var mutex sync.Mutex
	var group sync.WaitGroup
	turns := 0
	start := time.Now()
	group.Add(100)
	for i := 0; i < 100; i++ {
		go func() {
			for i := 0; i < count/100; i++ {
				mutex.Lock()
				turns++
				runtime.Gosched()
				mutex.Unlock()
			}
			group.Done()
		}()
	}
	group.Wait()
	answer := each(start, count)
	check(turns == count, "the number of turns")
	return answer
}

// A channel with room for 100 is a semaphore.
func semaphore100(count int) []value {
	const tasks = 10000
	var group sync.WaitGroup
	var done int64
	permits := make(chan struct{}, 100)
	start := time.Now()
	group.Add(tasks)
	for i := 0; i < tasks; i++ {
		go func() {
			for i := 0; i < count/tasks; i++ {
				permits <- struct{}{}
				runtime.Gosched()
				<-permits
			}
			atomic.AddInt64(&done, int64(count/tasks))
			group.Done()
		}()
	}
	group.Wait()
	answer := each(start, count)
	check(done == int64(count) && len(permits) == 0, "the number of turns")
	return answer
}

// ---- Several threads ------------------------------------------------------------------------------------------------

func twoPlayers(count int) []value {
	ping, pong := make(chan struct{}, 1), make(chan struct{}, 1)
	var group sync.WaitGroup
	player := func(mine, other chan struct{}) {
		for i := 0; i < count; i++ {
			<-mine
			other <- struct{}{}
		}
		group.Done()
	}
	start := time.Now()
	group.Add(2)
	go player(ping, pong)
	go player(pong, ping)
	ping <- struct{}{}
	group.Wait()
	return each(start, count)
}

func mpscFourSenders(count int) []value {
	messages, sums := make(chan uint64, 1024), make(chan uint64)
	times := count / 4
	var group sync.WaitGroup
	start := time.Now()
	go func() {
		sum := uint64(0)
		for message := range messages {
			sum += message
		}
		sums <- sum
	}()
	group.Add(4)
	for i := 0; i < 4; i++ {
		go func() {
			for i := 0; i < times; i++ {
				messages <- uint64(i)
			}
			group.Done()
		}()
	}
	group.Wait()
	close(messages)
	sum := <-sums
	answer := each(start, 4*times)
	check(sum == 4*sumBelow(times), "the sum of the messages")
	return answer
}

func tree(depth int, output chan<- int) {
	if depth == 0 {
		output <- 1
		return
	}
	outputs := make(chan int, 2)
	go tree(depth-1, outputs)
	go tree(depth-1, outputs)
	output <- <-outputs + <-outputs + 1
}

func treeOf(count int) []value {
	depth := 0
	for 2<<(depth+1)-1 <= count {
		depth++
	}
	output := make(chan int, 1)
	start := time.Now()
	go tree(depth, output)
	sum := <-output
	answer := each(start, count)
	check(sum == count, "the number of tasks")
	return answer
}

var sink uint64

func pieces(threads, count int) float64 {
	var group sync.WaitGroup
	before := runtime.GOMAXPROCS(threads)
	start := time.Now()
	group.Add(64)
	for i := 0; i < 64; i++ {
		go func() {
			random := newRandom()
			for i := 0; i < count/64; i++ {
				random.next()
			}
			atomic.AddUint64(&sink, uint64(random))
			group.Done()
		}()
	}
	group.Wait()
	took := time.Since(start).Seconds()
	runtime.GOMAXPROCS(before)
	return took
}

func scaling(count int) []value {
	one := pieces(1, count)
	return []value{{"times", one / pieces(2, count)}}
}

// ---- Timers ---------------------------------------------------------------------------------------------------------

func mixedDelays() []time.Duration {
	random := newRandom()
	delays := make([]time.Duration, 4096)
	for i := range delays {
		seconds := math.Pow(10, float64(random.next()%3000)/1000)
		delays[i] = time.Duration(seconds*1e9) + time.Duration(random.next()%1000000)
	}
	return delays
}

func timerChurn(count int) []value {
	fired := int64(0)
	fire := func() { atomic.AddInt64(&fired, 1) }
	delays := mixedDelays()
	var others []*time.Timer
	for _, delay := range delays[:1000] {
		others = append(others, time.AfterFunc(delay, fire))
	}
	start := time.Now()
	for i := 0; i < count; i++ {
		check(time.AfterFunc(delays[i%len(delays)], fire).Stop(), "a deadline to come")
	}
	answer := each(start, count)
	check(atomic.LoadInt64(&fired) == 0, "no timer fires")
	for _, other := range others {
		other.Stop()
	}
	return answer
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func timerFire(count int) []value {
	fired := int64(0)
	random := newRandom()
	first := time.Now().Add(1500 * time.Millisecond) // time enough to set all of them
	for i := 0; i < count; i++ {
		deadline := first.Add(time.Duration(random.next() % 1000000000))
		time.AfterFunc(time.Until(deadline), func() { atomic.AddInt64(&fired, 1) })
	}
	check(atomic.LoadInt64(&fired) == 0, "deadlines to come")
	start := cpuSeconds()
	for atomic.LoadInt64(&fired) < int64(count) {
		time.Sleep(20 * time.Millisecond)
	}
	return []value{{"s", cpuSeconds() - start}}
}

func residentBytes() float64 {
	statm, _ := os.ReadFile("/proc/self/statm")
	pages, _ := strconv.Atoi(strings.Fields(string(statm))[1])
	return float64(pages * os.Getpagesize())
}

func sleepers(count int) []value {
	var group sync.WaitGroup
	asleep, awake := int64(0), int64(0)
	random := newRandom()
	before := residentBytes()
	group.Add(count)
	for i := 0; i < count; i++ {
		delay := time.Second + time.Duration(random.next()%1000000)*time.Microsecond
		go func() {
			atomic.AddInt64(&asleep, 1)
			time.Sleep(delay)
			atomic.AddInt64(&awake, 1)
			group.Done()
		}()
	}
	for atomic.LoadInt64(&asleep) < int64(count) {
		runtime.Gosched()
	}
	bytes := (residentBytes() - before) / float64(count)
	group.Wait()
	check(awake == int64(count), "all of them awake")
	return []value{{"bytes", bytes}, {"s", ofProcess}}
}

// ---- Echo -----------------------------------------------------------------------------------------------------------

func serve(connections int) []value {
	var group sync.WaitGroup
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err == nil, "no port to listen at")
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	group.Add(connections)
	for i := 0; i < connections; i++ {
		connection, err := listener.Accept() // without Nagle's delay, as always in Go
		check(err == nil, "accept")
		go func() {
			buffer := make([]byte, 1024)
			for {
				size, err := connection.Read(buffer)
				if err != nil {
					break
				}
				connection.Write(buffer[:size])
			}
			connection.Close()
			group.Done()
		}()
	}
	group.Wait()
	return nil
}

// ---- The table ------------------------------------------------------------------------------------------------------

var workloads = []workload{
	{"yield_1", yields(1), false},
	{"yield_1000", yields(1000), false},
	{"await_depth_1", wakes(1), false},
	{"await_depth_10", wakes(10), false},
	{"await_depth_100", wakes(100), false},
	{"await_depth_1000", wakes(1000), false},
	{"spawn_join_1m", spawnJoin, false},
	{"spawn_seq", spawnSeq, false},
	{"pingpong", pingpong, false},
	{"mpsc_1024", mpsc, false},
	{"mpsc_two_threads", mpsc, false},
	{"mutex_free", mutexFree, false},
	{"mutex_100", mutex100, false},
	{"timer_churn", timerChurn, false},
	{"timer_fire_1m", timerFire, true},
	{"sleepers_1m", sleepers, true},
	{"select_loop", selectLoop, false},
	{"semaphore_100", semaphore100, false},
	{"wake_threads", wakeThreads, false},
	{"mt_spawn_join", spawnJoin, false},
	{"mt_yield_1000", yields(1000), false},
	{"mt_pingpong", twoPlayers, false},
	{"mt_mpsc_1024", mpscFourSenders, false},
	{"mt_mutex_100", mutex100, false},
	{"mt_tree_18", treeOf, false},
	{"mt_scaling", scaling, false},
	{"mt_echo_1000_one", serve, true},
	{"mt_echo_1000_all", serve, true},
	{"tcp_echo_1", serve, true},
	{"tcp_echo_64", serve, true},
	{"tcp_echo_1000", serve, true},
	{"tcp_pace_64", serve, true},
}

func turn(row string, count int) {
	for _, workload := range workloads {
		if workload.row != row {
			continue
		}
		if !workload.fresh {
			workload.run(count)
		}
		for _, value := range workload.run(count) {
			if math.IsNaN(value.value) {
				fmt.Printf("%s\tprocess\n", value.unit)
			} else {
				fmt.Printf("%s\t%.6f\n", value.unit, value.value)
			}
		}
		return
	}
	check(false, "no such workload")
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--list" {
		for _, workload := range workloads {
			fmt.Printf("go\t%s\n", workload.row)
		}
		return
	}
	check(len(os.Args) == 5 && os.Args[1] == "--turn", "usage: PROGRAM --list | --turn SYSTEM ROW COUNT")
	count, _ := strconv.Atoi(os.Args[4])
	turn(os.Args[3], count)
}
