//! What is on the screen, and how it is drawn.

use std::collections::VecDeque;

use perso::engine::{Event, Serial, Tally};
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Gauge, Paragraph, Wrap};

use crate::perso::words;
use crate::ui::Lang;

/// What is on the screen.
pub struct View {
    lang: Lang,
    title: String,
    now: Now,
    tally: Tally,
    serial: Option<Serial>,
    step: (u32, u32, String),
    /// Lines about what happened, the newest last.
    said: VecDeque<(Kind, String)>,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Now {
    Insert,
    Working,
    Passed,
    TakeAway,
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    Bad,
    Note,
}

/// Most lines that are kept.
const LINES: usize = 200;

impl View {
    pub fn new(lang: Lang, title: String) -> Self {
        Self {
            lang,
            title,
            now: Now::Insert,
            tally: Tally::default(),
            serial: None,
            step: (0, 0, String::new()),
            said: VecDeque::new(),
        }
    }

    /// Something happened. `title` says what a step does.
    pub fn take(&mut self, event: &Event, tally: &Tally, title: String) {
        self.tally = *tally;
        match event {
            Event::Insert { next, .. } => {
                self.now = Now::Insert;
                self.serial = *next;
                self.step = (0, 0, String::new());
            }
            Event::Started { serial, .. } => {
                self.now = Now::Working;
                self.serial = Some(*serial);
            }
            Event::Step { at, steps, .. } => self.step = (at + 1, *steps, title),
            Event::Passed { serial } | Event::Already { serial, passed: true } => {
                (self.now, self.serial) = (Now::Passed, Some(*serial));
            }
            Event::Rejected { serial, .. }
            | Event::BadCard { serial, .. }
            | Event::Already { serial, passed: false } => {
                (self.now, self.serial) = (Now::TakeAway, Some(*serial));
            }
            // It bears none that was asked for.
            Event::Turned { .. } => (self.now, self.serial) = (Now::TakeAway, None),
            Event::Ended { .. } => self.now = Now::Ended,
            Event::Arrived { .. }
            | Event::Again { .. }
            | Event::Interrupted { .. }
            | Event::Released { .. }
            | Event::Skipped { .. }
            | Event::TakeAway => {}
        }
        let kind = match event {
            Event::Insert { .. } | Event::Arrived { .. } | Event::TakeAway => return,
            Event::Passed { .. } => Kind::Good,
            Event::Rejected { .. }
            | Event::BadCard { .. }
            | Event::Turned { .. }
            | Event::Interrupted { .. } => Kind::Bad,
            _ => Kind::Note,
        };
        if let Some(line) = words::line(event, self.lang) {
            self.said.push_back((kind, line));
            self.said.drain(..self.said.len().saturating_sub(LINES));
        }
    }

    /// Draws it all.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let [head, large, step, counters, said, keys] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(7),
            Constraint::Length(3),
            Constraint::Length(1),
            Constraint::Min(3),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        frame.render_widget(
            Paragraph::new(self.title.as_str()).style(Style::new().add_modifier(Modifier::BOLD)),
            head,
        );
        self.draw_large(frame, large);
        self.draw_step(frame, step);
        frame.render_widget(Paragraph::new(self.counters()), counters);
        self.draw_said(frame, said);
        let help = self.lang.pick(
            "s skip   r retry   q finish   Ctrl-C stop, state kept",
            "s 跳过   r 重试   q 结束   Ctrl-C 停止并保存状态",
        );
        frame.render_widget(Paragraph::new(help).style(Style::new().fg(Color::DarkGray)), keys);
    }

    /// What to do now, as large as a terminal has it: a field of colour with the word in it.
    fn draw_large(&self, frame: &mut Frame<'_>, area: Rect) {
        let (word, color) = match self.now {
            Now::Insert => (self.lang.pick("INSERT CARD", "请 插 卡"), Color::Blue),
            Now::Working => (self.lang.pick("WORKING", "处 理 中"), Color::Yellow),
            Now::Passed => {
                (self.lang.pick("PASSED – TAKE IT AWAY", "通 过 – 请 取 走"), Color::Green)
            }
            Now::TakeAway => (self.lang.pick("TAKE IT AWAY", "失 败 – 请 取 走"), Color::Red),
            Now::Ended => (self.lang.pick("END", "结 束"), Color::Gray),
        };
        let why = match (self.now, self.said.back()) {
            (Now::TakeAway, Some((Kind::Bad, why))) => why.clone(),
            (Now::Insert | Now::Working | Now::Passed | Now::TakeAway, _) => {
                self.serial.map_or(String::new(), |serial| serial.to_string())
            }
            _ => String::new(),
        };
        let style = Style::new().fg(Color::Black).bg(color).add_modifier(Modifier::BOLD);
        let lines = vec![
            Line::default(),
            Line::default(),
            Line::from(word),
            Line::default(),
            Line::from(why),
        ];
        let paragraph = Paragraph::new(lines).alignment(Alignment::Center).style(style);
        frame.render_widget(paragraph.wrap(Wrap { trim: true }), area);
    }

    fn draw_step(&self, frame: &mut Frame<'_>, area: Rect) {
        let (at, steps, title) = &self.step;
        let ratio = if *steps == 0 { 0.0 } else { f64::from(*at) / f64::from(*steps) };
        let label = if *steps == 0 { String::new() } else { format!("{at}/{steps} {title}") };
        let gauge = Gauge::default()
            .block(Block::bordered())
            .gauge_style(Style::new().fg(Color::Cyan))
            .ratio(ratio.clamp(0.0, 1.0))
            .label(label);
        frame.render_widget(gauge, area);
    }

    fn counters(&self) -> Line<'static> {
        let Tally { total, passed, rejected, begun, waiting, turned, .. } = self.tally;
        let part = |english: &str, chinese: &str, count: u32, color: Color| {
            let name = self.lang.pick(english, chinese);
            Span::styled(format!("{name} {count}   "), Style::new().fg(color))
        };
        Line::from(vec![
            part("cards", "总数", total, Color::Reset),
            part("passed", "通过", passed, Color::Green),
            part("rejected", "拒绝", rejected, Color::Red),
            part("begun", "未完成", begun, Color::Yellow),
            part("waiting", "等待", waiting, Color::Reset),
            part("turned away", "退回", turned, Color::Reset),
        ])
    }

    fn draw_said(&self, frame: &mut Frame<'_>, area: Rect) {
        let room = usize::from(area.height);
        let newest = self.said.iter().skip(self.said.len().saturating_sub(room));
        let lines: Vec<Line<'_>> = newest
            .map(|(kind, line)| {
                let color = match kind {
                    Kind::Good => Color::Green,
                    Kind::Bad => Color::Red,
                    Kind::Note => Color::Reset,
                };
                Line::styled(line.as_str(), Style::new().fg(color))
            })
            .collect();
        frame.render_widget(Paragraph::new(lines), area);
    }
}
