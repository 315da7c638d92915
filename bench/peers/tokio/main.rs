//! The rows in tokio. `tokio` is the current-thread runtime, `tokio-mt` the one with worker threads, one for each CPU.
//! What is measured is itself a task; the future of block_on would be polled through the driver.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, Mutex, Notify, Semaphore};
use tokio::task::{yield_now, JoinHandle};
use tokio::time::sleep;

mod harness;
use harness::*;

/// On the current-thread runtime.
fn local<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::spawn(future).await.unwrap() })
}

/// On worker threads, as many as there are CPUs.
fn threads<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::spawn(future).await.unwrap() })
}

fn workers<T: Send + 'static>(number: usize, future: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(number).enable_all().build().unwrap();
    runtime.block_on(async { tokio::spawn(future).await.unwrap() })
}

// ---- Tasks ------------------------------------------------------------------------------------------------------

async fn yields(tasks: u64, count: u64) -> Answer {
    let times = count / tasks;
    let handles: Vec<_> = (0..tasks)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..times {
                    yield_now().await;
                }
                times
            })
        })
        .collect();
    let start = Instant::now();
    let mut done = 0;
    for handle in handles {
        done += handle.await.unwrap();
    }
    let answer = each(start, tasks * times);
    check(done == tasks * times, "the number of yields");
    answer
}

async fn spawn_join(count: u64) -> Answer {
    let mut handles = Vec::with_capacity(count as usize);
    let start = Instant::now();
    for i in 0..count {
        handles.push(tokio::spawn(async move { i & 0xff }));
    }
    let mut sum = 0;
    for handle in handles {
        sum += handle.await.unwrap();
    }
    let answer = each(start, count);
    check(sum == sum_of_bytes(count), "the sum of the tasks");
    answer
}

/// Tasks that stay in this thread: cheaper, in bulk.
fn local_spawn_join(count: u64) -> Answer {
    on_this_thread(tokio::task::LocalSet::new().run_until(async move {
        let mut handles = Vec::with_capacity(count as usize);
        let start = Instant::now();
        for i in 0..count {
            handles.push(tokio::task::spawn_local(async move { i & 0xff }));
        }
        let mut sum = 0;
        for handle in handles {
            sum += handle.await.unwrap();
        }
        let answer = each(start, count);
        check(sum == sum_of_bytes(count), "the sum of the tasks");
        answer
    }))
}

async fn spawn_seq(count: u64) -> Answer {
    let start = Instant::now();
    let mut sum = 0;
    for i in 0..count {
        sum += tokio::spawn(async move { i & 0xff }).await.unwrap();
    }
    let answer = each(start, count);
    check(sum == sum_of_bytes(count), "the sum of the tasks");
    answer
}

// ---- Channels ---------------------------------------------------------------------------------------------------

async fn send_all(sender: mpsc::Sender<u32>, count: u64) {
    for i in 0..count {
        sender.send(i as u32).await.unwrap();
    }
}

async fn receive_all(mut receiver: mpsc::Receiver<u32>, count: u64) {
    let mut sum = 0;
    while let Some(value) = receiver.recv().await {
        sum += value as u64;
    }
    check(sum == sum_below(count), "the sum of the messages");
}

async fn pingpong(count: u64) -> Answer {
    let (there, mut at_there) = mpsc::channel::<u32>(1024);
    let (back, mut at_back) = mpsc::channel::<u32>(1024);
    let first = async move {
        for i in 0..count {
            there.send(i as u32).await.unwrap();
            check(at_back.recv().await == Some(i as u32), "another ball");
        }
    };
    let second = async move {
        for i in 0..count {
            check(at_there.recv().await == Some(i as u32), "another ball");
            back.send(i as u32).await.unwrap();
        }
    };
    let start = Instant::now();
    let (first, second) = (tokio::spawn(first), tokio::spawn(second));
    first.await.unwrap();
    second.await.unwrap();
    each(start, count)
}

async fn mpsc_one_thread(count: u64) -> Answer {
    let (sender, receiver) = mpsc::channel(1024);
    let start = Instant::now();
    tokio::spawn(send_all(sender, count));
    tokio::spawn(receive_all(receiver, count)).await.unwrap();
    each(start, count)
}

async fn mpsc_two_threads(count: u64) -> Answer {
    let (sender, receiver) = mpsc::channel(1024);
    let start = Instant::now();
    tokio::spawn(send_all(sender, count));
    tokio::spawn(receive_all(receiver, count)).await.unwrap();
    each(start, count)
}

/// A current-thread runtime in each of two threads.
fn mpsc_two_runtimes(count: u64) -> Answer {
    let (sender, receiver) = mpsc::channel(1024);
    let start = Instant::now();
    let other = std::thread::spawn(move || on_this_thread(send_all(sender, count)));
    on_this_thread(receive_all(receiver, count));
    other.join().unwrap();
    each(start, count)
}

async fn select_loop(count: u64) -> Answer {
    let (sender, mut receiver) = mpsc::channel(1024);
    let (stop, mut stopped) = mpsc::channel::<u32>(1);
    let start = Instant::now();
    tokio::spawn(send_all(sender, count));
    let receive = async move {
        let mut sum = 0;
        for _ in 0..count {
            tokio::select! {
                value = receiver.recv() => sum += value.unwrap() as u64,
                _ = stopped.recv() => check(false, "nobody said stop"),
            }
        }
        check(sum == sum_below(count), "the sum of the messages");
    };
    tokio::spawn(receive).await.unwrap();
    drop(stop);
    each(start, count)
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

async fn mutex_100(count: u64) -> Answer {
    let mutex = Arc::new(Mutex::new(0u64));
    let turns = |mutex: Arc<Mutex<u64>>| async move {
        for _ in 0..count / 100 {
            let mut turns = mutex.lock().await;
            *turns += 1;
            yield_now().await;
        }
    };
    let start = Instant::now();
    let handles: Vec<_> = (0..100).map(|_| tokio::spawn(turns(mutex.clone()))).collect();
    for handle in handles {
        handle.await.unwrap();
    }
    let answer = each(start, count);
    check(*mutex.lock().await == count, "the number of turns");
    answer
}

async fn semaphore_100(count: u64) -> Answer {
    let tasks = 10000;
    let semaphore = Arc::new(Semaphore::new(100));
    let turns = |semaphore: Arc<Semaphore>| async move {
        for _ in 0..count / tasks {
            let _permit = semaphore.acquire().await.unwrap();
            yield_now().await;
        }
        count / tasks
    };
    let start = Instant::now();
    let handles: Vec<_> = (0..tasks).map(|_| tokio::spawn(turns(semaphore.clone()))).collect();
    let mut done = 0;
    for handle in handles {
        done += handle.await.unwrap();
    }
    let answer = each(start, count);
    check(done == count && semaphore.available_permits() == 100, "the number of turns");
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

fn on_this_thread<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn wake_threads(count: u64) -> Answer {
    let (ping, pong) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (ping2, pong2) = (ping.clone(), pong.clone());
    let start = Instant::now();
    let other = std::thread::spawn(move || {
        on_this_thread(async move {
            for _ in 0..count {
                ping2.notified().await;
                pong2.notify_one();
            }
        })
    });
    on_this_thread(async move {
        for _ in 0..count {
            ping.notify_one();
            pong.notified().await;
        }
    });
    other.join().unwrap();
    each(start, 2 * count)
}

// ---- Timers -----------------------------------------------------------------------------------------------------

struct Counter(AtomicU64);
impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

async fn timer_churn(count: u64) -> Answer {
    let counter = Arc::new(Counter(AtomicU64::new(0)));
    let waker = Waker::from(counter.clone());
    let mut cx = Context::from_waker(&waker);
    let (delays, now) = (mixed_delays(), tokio::time::Instant::now());
    let deadlines: Vec<_> = delays.iter().map(|delay| now + *delay).collect();
    let mut others: Vec<_> = delays[..1000].iter().map(|delay| Box::pin(sleep(*delay))).collect();
    for other in &mut others {
        check(other.as_mut().poll(&mut cx).is_pending(), "a deadline to come");
    }
    let start = Instant::now();
    for i in 0..count as usize {
        let timer = tokio::time::sleep_until(deadlines[i % deadlines.len()]);
        tokio::pin!(timer);
        check(timer.poll(&mut cx).is_pending(), "a deadline to come");
    }
    let answer = each(start, count);
    check(counter.0.load(Ordering::Relaxed) == 0, "no timer fires");
    answer
}

async fn timer_fire(count: u64) -> Answer {
    let counter = Arc::new(Counter(AtomicU64::new(0)));
    let waker = Waker::from(counter.clone());
    let mut random = Random::new();
    let first = tokio::time::Instant::now() + Duration::from_millis(1500); // time enough to set all of them
    let mut timers = Vec::with_capacity(count as usize);
    for _ in 0..count {
        timers.push(tokio::time::sleep_until(first + Duration::from_nanos(random.next() % 1000000000)));
    }
    for timer in &mut timers {
        // The vector is not moved before its end.
        let polled = unsafe { Pin::new_unchecked(timer) }.poll(&mut Context::from_waker(&waker));
        check(polled.is_pending(), "a deadline to come");
    }
    let start = cpu_seconds();
    while counter.0.load(Ordering::Relaxed) < count {
        sleep(Duration::from_millis(20)).await;
    }
    let answer = vec![("s", cpu_seconds() - start)];
    check(timers.iter().all(|timer| timer.is_elapsed()), "each of them has fired");
    answer
}

/// Tasks that sleep between one and two seconds.
async fn sleepers(count: u64) -> Answer {
    let awake = Arc::new(AtomicU64::new(0));
    let mut random = Random::new();
    let before = resident_bytes();
    for _ in 0..count {
        let (awake, delay) = (awake.clone(), (random.next() % 1000000) as u32);
        tokio::spawn(async move {
            sleep(Duration::from_micros(1000000 + delay as u64)).await;
            awake.fetch_add(1, Ordering::Relaxed);
        });
    }
    yield_now().await;
    check(awake.load(Ordering::Relaxed) == 0, "all of them asleep at once");
    let bytes = (resident_bytes() - before) / count as f64;
    while awake.load(Ordering::Relaxed) < count {
        sleep(Duration::from_millis(20)).await;
    }
    vec![("bytes", bytes), ("s", OF_PROCESS)]
}

// ---- Several workers ----------------------------------------------------------------------------------------------

async fn two_players(count: u64) -> Answer {
    let (ping, pong) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let player = |mine: Arc<Notify>, other: Arc<Notify>| async move {
        for _ in 0..count {
            mine.notified().await;
            other.notify_one();
        }
    };
    let start = Instant::now();
    let players = [tokio::spawn(player(ping.clone(), pong.clone())), tokio::spawn(player(pong, ping.clone()))];
    ping.notify_one();
    for player in players {
        player.await.unwrap();
    }
    each(start, count)
}

async fn mpsc_four_senders(count: u64) -> Answer {
    let (sender, mut receiver) = mpsc::channel::<u64>(1024);
    let times = count / 4;
    let start = Instant::now();
    let receive = tokio::spawn(async move {
        let mut sum = 0;
        while let Some(value) = receiver.recv().await {
            sum += value;
        }
        sum
    });
    for _ in 0..4 {
        let sender = sender.clone();
        tokio::spawn(async move {
            for i in 0..times {
                sender.send(i).await.unwrap();
            }
        });
    }
    drop(sender);
    let sum = receive.await.unwrap();
    let answer = each(start, 4 * times);
    check(sum == 4 * sum_below(times), "the sum of the messages");
    answer
}

fn tree(depth: u32) -> JoinHandle<u64> {
    tokio::spawn(async move {
        if depth == 0 {
            return 1;
        }
        let (left, right) = (tree(depth - 1), tree(depth - 1));
        left.await.unwrap() + right.await.unwrap() + 1
    })
}

async fn tree_of(count: u64) -> Answer {
    let start = Instant::now();
    let sum = tree((count + 1).ilog2() - 1).await.unwrap();
    let answer = each(start, count);
    check(sum == count, "the number of tasks");
    answer
}

async fn pieces(count: u64) -> f64 {
    let start = Instant::now();
    let piece = |work: u64| async move {
        let mut random = Random::new();
        for _ in 0..work {
            random.next();
        }
        std::hint::black_box(random.0)
    };
    let handles: Vec<_> = (0..64).map(|_| tokio::spawn(piece(count / 64))).collect();
    for handle in handles {
        handle.await.unwrap();
    }
    start.elapsed().as_secs_f64()
}

fn scaling(count: u64) -> Answer {
    let one = workers(1, pieces(count));
    vec![("times", one / workers(2, pieces(count)))]
}

// ---- Echo -------------------------------------------------------------------------------------------------------

async fn serve(connections: u64) -> Answer {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let mut handles = Vec::new();
    for _ in 0..connections {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        handles.push(tokio::spawn(async move {
            let mut buffer = [0; 1024];
            loop {
                match stream.read(&mut buffer).await {
                    Ok(size) if size > 0 => stream.write_all(&buffer[..size]).await.unwrap(),
                    _ => return,
                }
            }
        }));
    }
    for handle in handles {
        handle.await.unwrap();
    }
    vec![]
}

fn main() {
    harness::main(&[
        row("tokio", "ready_chain_5", |n| local(ready_chains(n))),
        row("tokio", "yield_1", |n| local(yields(1, n))),
        row("tokio", "yield_1000", |n| local(yields(1000, n))),
        row("tokio", "await_depth_1", |n| local(wakes(1, n))),
        row("tokio", "await_depth_10", |n| local(wakes(10, n))),
        row("tokio", "await_depth_100", |n| local(wakes(100, n))),
        row("tokio", "await_depth_1000", |n| local(wakes(1000, n))),
        row("tokio", "spawn_join_1m", |n| local(spawn_join(n))),
        row("tokio-localset", "spawn_join_1m", local_spawn_join),
        row("tokio", "spawn_seq", |n| local(spawn_seq(n))),
        row("tokio", "pingpong", |n| local(pingpong(n))),
        row("tokio", "mpsc_1024", |n| local(mpsc_one_thread(n))),
        row("tokio", "mpsc_two_threads", mpsc_two_runtimes),
        row("tokio-mt", "mpsc_two_threads", |n| threads(mpsc_two_threads(n))),
        row("tokio", "mutex_free", |n| local(mutex_free(n))),
        row("tokio", "mutex_100", |n| local(mutex_100(n))),
        row("tokio", "timer_churn", |n| local(timer_churn(n))),
        fresh("tokio", "timer_fire_1m", |n| local(timer_fire(n))),
        fresh("tokio", "sleepers_1m", |n| local(sleepers(n))),
        row("tokio", "join_all_1000", |n| local(join_all_of(1000, n))),
        row("tokio", "join_all_10000", |n| local(join_all_of(10000, n))),
        row("tokio", "select_loop", |n| local(select_loop(n))),
        row("tokio", "semaphore_100", |n| local(semaphore_100(n))),
        row("tokio", "wake_threads", wake_threads),
        row("tokio-mt", "mt_spawn_join", |n| threads(spawn_join(n))),
        row("tokio-mt", "mt_yield_1000", |n| threads(yields(1000, n))),
        row("tokio-mt", "mt_pingpong", |n| threads(two_players(n))),
        row("tokio-mt", "mt_mpsc_1024", |n| threads(mpsc_four_senders(n))),
        row("tokio-mt", "mt_mutex_100", |n| threads(mutex_100(n))),
        row("tokio-mt", "mt_tree_18", |n| threads(tree_of(n))),
        row("tokio-mt", "mt_scaling", scaling),
        fresh("tokio-mt", "mt_echo_1000_one", |n| threads(serve(n))),
        fresh("tokio-mt", "mt_echo_1000_all", |n| threads(serve(n))),
        fresh("tokio", "tcp_echo_1", |n| local(serve(n))),
        fresh("tokio", "tcp_echo_64", |n| local(serve(n))),
        fresh("tokio", "tcp_echo_1000", |n| local(serve(n))),
        fresh("tokio", "tcp_pace_64", |n| local(serve(n))),
    ]);
}
