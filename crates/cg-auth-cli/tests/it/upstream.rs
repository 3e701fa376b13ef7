//! An upstream for `cg-auth proxy`: HTTP/1.1 on plain sockets, with whatever answer a test writes.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    /// `METHOD TARGET VERSION`
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
}

impl Received {
    /// Every value of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(its, _)| its == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// A listener, and what has arrived at it.
pub(crate) struct Upstream {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Upstream {
    /// Answers each request by `answer`, which is given the number of the request, from 0.
    pub(crate) fn start(answer: impl Fn(&mut TcpStream, usize, &Received) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let (requests, answer) = (Arc::clone(&received), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (requests, answer) = (Arc::clone(&requests), Arc::clone(&answer));
                thread::spawn(move || serve(&stream.unwrap(), &requests, &*answer));
            }
        });
        Self { url, received }
    }

    /// Answers every request with these bytes.
    pub(crate) fn always(answer: &str) -> Self {
        let answer = answer.to_owned();
        Self::start(move |stream, _, _| drop(stream.write_all(answer.as_bytes())))
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn serve(
    stream: &TcpStream,
    requests: &Mutex<Vec<Received>>,
    answer: &(dyn Fn(&mut TcpStream, usize, &Received) + Send + Sync),
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream.try_clone().unwrap();
    while let Some(request) = read(&mut reader) {
        let number = {
            let mut requests = requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        answer(&mut writer, number, &request);
    }
}

/// The next request; `None` at the end of the connection.
pub(crate) fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut request = Received { line: line(reader)?, ..Received::default() };
    request.headers = fields(reader)?;
    let length = request.all("content-length").first().map(|length| length.parse().unwrap());
    if let Some(length) = length {
        request.body = vec![0; length];
        reader.read_exact(&mut request.body).ok()?;
    } else if request.all("transfer-encoding") == ["chunked"] {
        loop {
            let size = usize::from_str_radix(line(reader)?.split(';').next().unwrap(), 16).unwrap();
            if size == 0 {
                request.trailers = fields(reader)?;
                break;
            }
            let start = request.body.len();
            request.body.resize(start + size, 0);
            reader.read_exact(&mut request.body[start..]).ok()?;
            assert_eq!(line(reader)?, "");
        }
    }
    Some(request)
}

fn fields(reader: &mut BufReader<TcpStream>) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let line = line(reader)?;
        if line.is_empty() {
            return Some(fields);
        }
        let (name, value) = line.split_once(':').unwrap();
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

/// A complete answer.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}
