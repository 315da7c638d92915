//! The rows in smol: its LocalExecutor, async-channel and async-lock, async-io.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use futures::future::join_all;
use smol::channel::{bounded, Receiver, Sender};
use smol::future::{yield_now, FutureExt};
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::lock::{Mutex, Semaphore};
use smol::{LocalExecutor, Task, Timer};

mod harness;
use harness::*;

type Executor = Rc<LocalExecutor<'static>>;

/// What is measured is itself a task.
fn local<T: 'static, F: Future<Output = T> + 'static>(play: impl FnOnce(Executor) -> F) -> T {
    let executor = Rc::new(LocalExecutor::new());
    let task = executor.spawn(play(executor.clone()));
    smol::block_on(executor.run(task))
}

// ---- Tasks ------------------------------------------------------------------------------------------------------

async fn sum_of(tasks: Vec<Task<u64>>) -> u64 {
    let mut sum = 0;
    for task in tasks {
        sum += task.await;
    }
    sum
}

async fn yields(executor: Executor, tasks: u64, count: u64) -> Answer {
    let times = count / tasks;
    let turns = || async move {
        for _ in 0..times {
            yield_now().await;
        }
        times
    };
    let handles = (0..tasks).map(|_| executor.spawn(turns())).collect();
    let start = Instant::now();
    let done = sum_of(handles).await;
    let answer = each(start, tasks * times);
    check(done == tasks * times, "the number of yields");
    answer
}

async fn spawn_join(executor: Executor, count: u64) -> Answer {
    let mut tasks = Vec::with_capacity(count as usize);
    let start = Instant::now();
    for i in 0..count {
        tasks.push(executor.spawn(async move { i & 0xff }));
    }
    let sum = sum_of(tasks).await;
    let answer = each(start, count);
    check(sum == sum_of_bytes(count), "the sum of the tasks");
    answer
}

async fn spawn_seq(executor: Executor, count: u64) -> Answer {
    let start = Instant::now();
    let mut sum = 0;
    for i in 0..count {
        sum += executor.spawn(async move { i & 0xff }).await;
    }
    let answer = each(start, count);
    check(sum == sum_of_bytes(count), "the sum of the tasks");
    answer
}

// ---- Channels ---------------------------------------------------------------------------------------------------

async fn send_all(sender: Sender<u32>, count: u64) {
    for i in 0..count {
        sender.send(i as u32).await.unwrap();
    }
}

async fn receive_all(receiver: Receiver<u32>, count: u64) {
    let mut sum = 0;
    while let Ok(value) = receiver.recv().await {
        sum += value as u64;
    }
    check(sum == sum_below(count), "the sum of the messages");
}

async fn pingpong(executor: Executor, count: u64) -> Answer {
    let (there, at_there) = bounded::<u32>(1024);
    let (back, at_back) = bounded::<u32>(1024);
    let first = async move {
        for i in 0..count {
            there.send(i as u32).await.unwrap();
            check(at_back.recv().await == Ok(i as u32), "another ball");
        }
    };
    let second = async move {
        for i in 0..count {
            check(at_there.recv().await == Ok(i as u32), "another ball");
            back.send(i as u32).await.unwrap();
        }
    };
    let start = Instant::now();
    let (first, second) = (executor.spawn(first), executor.spawn(second));
    first.await;
    second.await;
    each(start, count)
}

async fn mpsc_one_thread(executor: Executor, count: u64) -> Answer {
    let (sender, receiver) = bounded(1024);
    let start = Instant::now();
    executor.spawn(send_all(sender, count)).detach();
    executor.spawn(receive_all(receiver, count)).await;
    each(start, count)
}

fn mpsc_two_threads(count: u64) -> Answer {
    let (sender, receiver) = bounded(1024);
    let start = Instant::now();
    let other = std::thread::spawn(move || smol::block_on(send_all(sender, count)));
    smol::block_on(receive_all(receiver, count));
    other.join().unwrap();
    each(start, count)
}

async fn select_loop(executor: Executor, count: u64) -> Answer {
    let (sender, receiver) = bounded(1024);
    let (stop, stopped) = bounded::<u32>(1);
    let start = Instant::now();
    executor.spawn(send_all(sender, count)).detach();
    let receive = async move {
        let mut sum = 0;
        for _ in 0..count {
            let message = async { receiver.recv().await.ok() };
            let end = async {
                stopped.recv().await.ok();
                None
            };
            match message.or(end).await {
                Some(value) => sum += value as u64,
                None => check(false, "nobody said stop"),
            }
        }
        check(sum == sum_below(count), "the sum of the messages");
    };
    executor.spawn(receive).await;
    drop(stop);
    each(start, count)
}

fn wake_threads(count: u64) -> Answer {
    let (ping, at_ping) = bounded::<()>(1);
    let (pong, at_pong) = bounded::<()>(1);
    let start = Instant::now();
    let other = std::thread::spawn(move || {
        smol::block_on(async move {
            for _ in 0..count {
                at_ping.recv().await.unwrap();
                pong.send(()).await.unwrap();
            }
        })
    });
    smol::block_on(async move {
        for _ in 0..count {
            ping.send(()).await.unwrap();
            at_pong.recv().await.unwrap();
        }
    });
    other.join().unwrap();
    each(start, 2 * count)
}

// ---- Locks ------------------------------------------------------------------------------------------------------

async fn mutex_free(count: u64) -> Answer {
    let mutex = Mutex::new(0u64);
    let start = Instant::now();
    for _ in 0..count {
        *mutex.lock().await += 1;
    }
    let answer = each(start, count);
    check(*mutex.lock().await == count, "the number of turns");
    answer
}

async fn mutex_100(executor: Executor, count: u64) -> Answer {
    let mutex = Rc::new(Mutex::new(0u64));
    let turns = |mutex: Rc<Mutex<u64>>| async move {
        for _ in 0..count / 100 {
            let mut turns = mutex.lock().await;
            *turns += 1;
            yield_now().await;
        }
        count / 100
    };
    let start = Instant::now();
    let tasks = (0..100).map(|_| executor.spawn(turns(mutex.clone()))).collect();
    sum_of(tasks).await;
    let answer = each(start, count);
    check(*mutex.lock().await == count, "the number of turns");
    answer
}

async fn semaphore_100(executor: Executor, count: u64) -> Answer {
    let tasks = 10000;
    let semaphore = Rc::new(Semaphore::new(100));
    let turns = |semaphore: Rc<Semaphore>| async move {
        for _ in 0..count / tasks {
            let _permit = semaphore.acquire().await;
            yield_now().await;
        }
        count / tasks
    };
    let start = Instant::now();
    let handles = (0..tasks).map(|_| executor.spawn(turns(semaphore.clone()))).collect();
    let done = sum_of(handles).await;
    let answer = each(start, count);
    check(done == count, "the number of turns");
    answer
}

async fn join_all_of(children: u64, count: u64) -> Answer {
    let start = Instant::now();
    for _ in 0..count / children {
        let sum: u64 = join_all((0..children).map(child)).await.iter().sum();
        check(sum == sum_below(children), "the sum of the children");
    }
    each(start, count)
}

// ---- Timers -----------------------------------------------------------------------------------------------------

struct Counter(AtomicU64);
impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn timer_churn(count: u64) -> Answer {
    let counter = Arc::new(Counter(AtomicU64::new(0)));
    let waker = Waker::from(counter.clone());
    let mut cx = Context::from_waker(&waker);
    let delays = mixed_delays();
    let mut others: Vec<_> = delays[..1000].iter().map(|delay| Timer::after(*delay + Duration::from_secs(60))).collect();
    for other in &mut others {
        check(Pin::new(other).poll(&mut cx).is_pending(), "a deadline to come");
    }
    let start = Instant::now();
    for i in 0..count as usize {
        let mut timer = Timer::after(delays[i % delays.len()]);
        check(Pin::new(&mut timer).poll(&mut cx).is_pending(), "a deadline to come");
    }
    let answer = each(start, count);
    check(counter.0.load(Ordering::Relaxed) == 0, "no timer fires");
    answer
}

fn timer_fire(count: u64) -> Answer {
    let counter = Arc::new(Counter(AtomicU64::new(0)));
    let waker = Waker::from(counter.clone());
    let mut random = Random::new();
    let first = Instant::now() + Duration::from_millis(5000); // time enough to set all of them
    let mut timers = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let mut timer = Timer::at(first + Duration::from_nanos(random.next() % 1000000000));
        check(Pin::new(&mut timer).poll(&mut Context::from_waker(&waker)).is_pending(), "a deadline to come");
        timers.push(timer);
    }
    let start = cpu_seconds();
    smol::block_on(async {
        while counter.0.load(Ordering::Relaxed) < count {
            Timer::after(Duration::from_millis(20)).await;
        }
    });
    vec![("s", cpu_seconds() - start)]
}

/// Tasks that sleep between one and two seconds.
async fn sleepers(executor: Executor, count: u64) -> Answer {
    let awake = Rc::new(std::cell::Cell::new(0));
    let mut random = Random::new();
    let before = resident_bytes();
    for _ in 0..count {
        let (awake, delay) = (awake.clone(), (random.next() % 1000000) as u32);
        let nap = async move {
            Timer::after(Duration::from_micros(1000000 + delay as u64)).await;
            awake.set(awake.get() + 1);
        };
        executor.spawn(nap).detach();
    }
    yield_now().await;
    let bytes = (resident_bytes() - before) / count as f64;
    while awake.get() < count {
        Timer::after(Duration::from_millis(20)).await;
    }
    vec![("bytes", bytes), ("s", OF_PROCESS)]
}

// ---- Echo -------------------------------------------------------------------------------------------------------

async fn serve(executor: Executor, connections: u64) -> Answer {
    let listener = smol::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tasks.push(executor.spawn(async move {
            let mut buffer = [0; 1024];
            loop {
                match stream.read(&mut buffer).await {
                    Ok(size) if size > 0 => stream.write_all(&buffer[..size]).await.unwrap(),
                    _ => return 0,
                }
            }
        }));
    }
    sum_of(tasks).await;
    vec![]
}

fn main() {
    harness::main(&[
        row("smol", "ready_chain_5", |n| local(|_| ready_chains(n))),
        row("smol", "yield_1", |n| local(|e| yields(e, 1, n))),
        row("smol", "yield_1000", |n| local(|e| yields(e, 1000, n))),
        row("smol", "await_depth_1", |n| local(|_| wakes(1, n))),
        row("smol", "await_depth_10", |n| local(|_| wakes(10, n))),
        row("smol", "await_depth_100", |n| local(|_| wakes(100, n))),
        row("smol", "await_depth_1000", |n| local(|_| wakes(1000, n))),
        row("smol", "spawn_join_1m", |n| local(|e| spawn_join(e, n))),
        row("smol", "spawn_seq", |n| local(|e| spawn_seq(e, n))),
        row("smol", "pingpong", |n| local(|e| pingpong(e, n))),
        row("smol", "mpsc_1024", |n| local(|e| mpsc_one_thread(e, n))),
        row("smol", "mpsc_two_threads", mpsc_two_threads),
        row("smol", "mutex_free", |n| local(|_| mutex_free(n))),
        row("smol", "mutex_100", |n| local(|e| mutex_100(e, n))),
        row("smol", "timer_churn", timer_churn),
        fresh("smol", "timer_fire_1m", timer_fire),
        fresh("smol", "sleepers_1m", |n| local(|e| sleepers(e, n))),
        row("smol", "join_all_1000", |n| local(|_| join_all_of(1000, n))),
        row("smol", "join_all_10000", |n| local(|_| join_all_of(10000, n))),
        row("smol", "select_loop", |n| local(|e| select_loop(e, n))),
        row("smol", "semaphore_100", |n| local(|e| semaphore_100(e, n))),
        row("smol", "wake_threads", wake_threads),
        fresh("smol", "tcp_echo_1", |n| local(|e| serve(e, n))),
        fresh("smol", "tcp_echo_64", |n| local(|e| serve(e, n))),
        fresh("smol", "tcp_echo_1000", |n| local(|e| serve(e, n))),
        fresh("smol", "tcp_pace_64", |n| local(|e| serve(e, n))),
    ]);
}
