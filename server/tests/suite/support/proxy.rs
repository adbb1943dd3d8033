//! A TCP proxy in front of a database, to take it away and bring it back.

use std::net::SocketAddr;

use pharos_server::config::{Config, Database};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::Place;

/// What the proxy does with connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Passes everything on.
    Open,
    /// Closes every connection, open ones and new ones.
    Cut,
    /// Keeps connections open and passes nothing on.
    Stalled,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    line: watch::Sender<Line>,
}

impl Proxy {
    pub(crate) async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (line, watched) = watch::channel(Line::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, target, watched.clone()));
            }
        });
        Self { address, line }
    }

    pub(crate) fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

/// Settings by which a server reaches its PostgreSQL through a proxy.
pub(crate) async fn behind_proxy(place: &Place) -> (Config, Proxy) {
    let Database::Postgres(url) = &place.database else { panic!("only PostgreSQL is reached by a network") };
    let (head, database) = url.rsplit_once('/').unwrap();
    let (scheme, target) = head.rsplit_once('@').map_or_else(
        || head.split_once("//").map(|(scheme, target)| (format!("{scheme}//"), target)).unwrap(),
        |(user, target)| (format!("{user}@"), target),
    );
    let target: SocketAddr = target.replace("localhost", "127.0.0.1").parse().unwrap();
    let proxy = Proxy::start(target).await;
    let mut config = place.config();
    config.database = Database::Postgres(format!("{scheme}{}/{database}", proxy.address));
    (config, proxy)
}

async fn pass_on(mut client: TcpStream, target: SocketAddr, mut line: watch::Receiver<Line>) {
    // Dropping the client when this returns closes it.
    if *line.borrow() == Line::Cut {
        return;
    }
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    loop {
        let now = *line.borrow_and_update();
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server), if now == Line::Open => return,
            changed = line.changed() => {
                if changed.is_err() || *line.borrow() == Line::Cut {
                    return;
                }
            }
        }
    }
}
