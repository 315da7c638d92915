//! The rows in the futures crate: its LocalPool, its channels and locks. It has no clock and no sockets.

use std::future::Future;
use std::rc::Rc;
use std::time::Instant;

use futures::channel::mpsc;
use futures::executor::{block_on, LocalPool, LocalSpawner};
use futures::future::{join_all, RemoteHandle};
use futures::lock::Mutex;
use futures::task::LocalSpawnExt;
use futures::{select_biased, SinkExt, StreamExt};

mod harness;
use harness::*;

fn local<T: 'static, F: Future<Output = T>>(play: impl FnOnce(LocalSpawner) -> F) -> T {
    let mut pool = LocalPool::new();
    let future = play(pool.spawner());
    pool.run_until(future)
}

/// Lets others run: the crate has none of its own.
fn yield_now() -> Event {
    Event::default()
}

// ---- Tasks ------------------------------------------------------------------------------------------------------

async fn sum_of(handles: Vec<RemoteHandle<u64>>) -> u64 {
    let mut sum = 0;
    for handle in handles {
        sum += handle.await;
    }
    sum
}

async fn yields(spawner: LocalSpawner, tasks: u64, count: u64) -> Answer {
    let times = count / tasks;
    let turns = || async move {
        for _ in 0..times {
            yield_now().await;
        }
        times
    };
    let handles = (0..tasks).map(|_| spawner.spawn_local_with_handle(turns()).unwrap()).collect();
    let start = Instant::now();
    let done = sum_of(handles).await;
    let answer = each(start, tasks * times);
    check(done == tasks * times, "the number of yields");
    answer
}

async fn spawn_join(spawner: LocalSpawner, count: u64) -> Answer {
    let mut handles = Vec::with_capacity(count as usize);
    let start = Instant::now();
    for i in 0..count {
        handles.push(spawner.spawn_local_with_handle(async move { i & 0xff }).unwrap());
    }
    let sum = sum_of(handles).await;
    let answer = each(start, count);
    check(sum == sum_of_bytes(count), "the sum of the tasks");
    answer
}

async fn spawn_seq(spawner: LocalSpawner, count: u64) -> Answer {
    let start = Instant::now();
    let mut sum = 0;
    for i in 0..count {
        sum += spawner.spawn_local_with_handle(async move { i & 0xff }).unwrap().await;
    }
    let answer = each(start, count);
    check(sum == sum_of_bytes(count), "the sum of the tasks");
    answer
}

// ---- Channels ---------------------------------------------------------------------------------------------------

async fn send_all(mut sender: mpsc::Sender<u32>, count: u64) {
    for i in 0..count {
        sender.send(i as u32).await.unwrap();
    }
}

async fn receive_all(mut receiver: mpsc::Receiver<u32>, count: u64) {
    let mut sum = 0;
    while let Some(value) = receiver.next().await {
        sum += value as u64;
    }
    check(sum == sum_below(count), "the sum of the messages");
}

async fn pingpong(spawner: LocalSpawner, count: u64) -> Answer {
    let (mut there, mut at_there) = mpsc::channel::<u32>(1024);
    let (mut back, mut at_back) = mpsc::channel::<u32>(1024);
    let first = async move {
        for i in 0..count {
            there.send(i as u32).await.unwrap();
            check(at_back.next().await == Some(i as u32), "another ball");
        }
    };
    let second = async move {
        for i in 0..count {
            check(at_there.next().await == Some(i as u32), "another ball");
            back.send(i as u32).await.unwrap();
        }
    };
    let start = Instant::now();
    let first = spawner.spawn_local_with_handle(first).unwrap();
    let second = spawner.spawn_local_with_handle(second).unwrap();
    first.await;
    second.await;
    each(start, count)
}

async fn mpsc_one_thread(spawner: LocalSpawner, count: u64) -> Answer {
    let (sender, receiver) = mpsc::channel(1024);
    let start = Instant::now();
    spawner.spawn_local(send_all(sender, count)).unwrap();
    spawner.spawn_local_with_handle(receive_all(receiver, count)).unwrap().await;
    each(start, count)
}

fn mpsc_two_threads(count: u64) -> Answer {
    let (sender, receiver) = mpsc::channel(1024);
    let start = Instant::now();
    let other = std::thread::spawn(move || block_on(send_all(sender, count)));
    block_on(receive_all(receiver, count));
    other.join().unwrap();
    each(start, count)
}

async fn select_loop(spawner: LocalSpawner, count: u64) -> Answer {
    let (sender, mut receiver) = mpsc::channel(1024);
    let (stop, mut stopped) = mpsc::channel::<u32>(1);
    let start = Instant::now();
    spawner.spawn_local(send_all(sender, count)).unwrap();
    let receive = async move {
        let mut sum = 0;
        for _ in 0..count {
            select_biased! {
                _ = stopped.next() => check(false, "nobody said stop"),
                value = receiver.next() => sum += value.unwrap() as u64,
            }
        }
        check(sum == sum_below(count), "the sum of the messages");
    };
    spawner.spawn_local_with_handle(receive).unwrap().await;
    drop(stop);
    each(start, count)
}

/// Its channels are the only thing to wait for from another thread.
fn wake_threads(count: u64) -> Answer {
    let (mut ping, mut at_ping) = mpsc::channel::<()>(1);
    let (mut pong, mut at_pong) = mpsc::channel::<()>(1);
    let start = Instant::now();
    let other = std::thread::spawn(move || {
        block_on(async move {
            for _ in 0..count {
                at_ping.next().await.unwrap();
                pong.send(()).await.unwrap();
            }
        })
    });
    block_on(async move {
        for _ in 0..count {
            ping.send(()).await.unwrap();
            at_pong.next().await.unwrap();
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

async fn mutex_100(spawner: LocalSpawner, count: u64) -> Answer {
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
    let handles = (0..100).map(|_| spawner.spawn_local_with_handle(turns(mutex.clone())).unwrap()).collect();
    sum_of(handles).await;
    let answer = each(start, count);
    check(*mutex.lock().await == count, "the number of turns");
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

fn main() {
    harness::main(&[
        row("futures", "ready_chain_5", |n| local(|_| ready_chains(n))),
        row("futures", "yield_1", |n| local(|s| yields(s, 1, n))),
        row("futures", "yield_1000", |n| local(|s| yields(s, 1000, n))),
        row("futures", "await_depth_1", |n| local(|_| wakes(1, n))),
        row("futures", "await_depth_10", |n| local(|_| wakes(10, n))),
        row("futures", "await_depth_100", |n| local(|_| wakes(100, n))),
        row("futures", "await_depth_1000", |n| local(|_| wakes(1000, n))),
        row("futures", "spawn_join_1m", |n| local(|s| spawn_join(s, n))),
        row("futures", "spawn_seq", |n| local(|s| spawn_seq(s, n))),
        row("futures", "pingpong", |n| local(|s| pingpong(s, n))),
        row("futures", "mpsc_1024", |n| local(|s| mpsc_one_thread(s, n))),
        row("futures", "mpsc_two_threads", mpsc_two_threads),
        row("futures", "mutex_free", |n| local(|_| mutex_free(n))),
        row("futures", "mutex_100", |n| local(|s| mutex_100(s, n))),
        row("futures", "join_all_1000", |n| local(|_| join_all_of(1000, n))),
        row("futures", "join_all_10000", |n| local(|_| join_all_of(10000, n))),
        row("futures", "select_loop", |n| local(|s| select_loop(s, n))),
        row("futures", "wake_threads", wake_threads),
    ]);
}
