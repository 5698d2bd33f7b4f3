//! The parser of values: bounded in depth and in parts, and exact about places.

use applet_spec::text::nearest;

use super::{CALLS, CallForm, ExpressionError, MAX_DEPTH, MAX_PARTS};
use crate::{Expression, Operator};

/// A value that was read, with the places of what must be looked up.
pub(crate) struct Reading {
    /// The value.
    pub expression: Expression,
    /// Names that it uses, each with the byte at which its `$` stands.
    pub names: Vec<(usize, String)>,
    /// The bytes at which its literals begin, in the order of the text.
    pub literals: Vec<usize>,
}

/// Reads a whole text. An empty one is a literal without bytes.
pub(crate) fn read(text: &str) -> Result<Reading, ExpressionError> {
    let mut parser = Parser { text, at: 0, parts: 0, names: Vec::new(), literals: Vec::new() };
    parser.skip_blanks();
    let expression = if parser.peek().is_none() {
        parser.literals.push(0);
        Expression::Literal(String::new())
    } else {
        let whole = parser.sum(0)?;
        if let Some(c) = parser.peek() {
            return Err(parser.unexpected(c));
        }
        whole
    };
    Ok(Reading { expression, names: parser.names, literals: parser.literals })
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    parts: usize,
    names: Vec<(usize, String)>,
    literals: Vec<usize>,
}

type Read<T> = Result<T, ExpressionError>;

impl<'t> Parser<'t> {
    /// Parts with operators between them, from left to right.
    fn sum(&mut self, depth: usize) -> Read<Expression> {
        let mut left = self.joined(depth)?;
        while let Some(operator) = self.operator() {
            self.at += 1;
            let right = match operator {
                Operator::Join if self.at_end() => self.nothing()?,
                _ => self.joined(depth)?,
            };
            self.count()?;
            left = Expression::Operation(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    /// Parts that stand beside each other: bytes behind each other.
    fn joined(&mut self, depth: usize) -> Read<Expression> {
        let mut left = self.part(depth)?;
        while self.operator().is_none() && self.peek().is_some_and(begins_part) {
            let right = self.part(depth)?;
            self.count()?;
            left = Expression::Operation(Operator::Join, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn part(&mut self, depth: usize) -> Read<Expression> {
        self.skip_blanks();
        self.count()?;
        let start = self.at;
        if depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} parentheses inside each other");
            return Err(self.wrong(start, message, "capture a part of it in a step before"));
        }
        let mut part = match self.peek() {
            None => return Err(self.missing()),
            Some('$') => self.name()?,
            Some('|') => return self.nothing(),
            Some('(') => {
                self.at += 1;
                let inner = self.sum(depth + 1)?;
                self.close(start)?;
                inner
            }
            Some(c) if is_word(c) && c != '-' => return self.literal_or_call(depth),
            Some(',' | ')' | '+' | '^' | '-') => return Err(self.missing()),
            Some(c) => return Err(self.unexpected(c)),
        };
        while self.next_is('[') {
            part = self.range(part)?;
        }
        Ok(part)
    }

    /// A value without bytes: beside `|` and in brackets nothing need be written.
    fn nothing(&mut self) -> Read<Expression> {
        self.count()?;
        self.literals.push(self.at);
        Ok(Expression::Literal(String::new()))
    }

    /// Whether no part can come next.
    fn at_end(&mut self) -> bool {
        self.operator().is_some() || matches!(self.peek(), None | Some(',' | ')'))
    }

    fn name(&mut self) -> Read<Expression> {
        let start = self.at;
        self.at += 1;
        let name = self.identifier();
        if name.is_empty() {
            let mend = "write a name such as $amount";
            return Err(self.wrong(start, "a $ without a name", mend));
        }
        self.names.push((start, name.to_owned()));
        Ok(Expression::Name(name.to_owned()))
    }

    /// `[0..4]` behind a part.
    fn range(&mut self, of: Expression) -> Read<Expression> {
        let start = self.at;
        self.count()?;
        let rest = self.text.get(start + 1..).unwrap_or_default();
        let inside = rest.split_once(']').map(|(inside, _)| inside);
        let ends = inside.and_then(|inside| inside.split_once(".."));
        let number = |text: &str| text.trim().parse::<u16>().ok().map(usize::from);
        let ends = ends.and_then(|(from, to)| number(from).zip(number(to)));
        let (Some((from, to)), Some(inside)) = (ends.filter(|(from, to)| from < to), inside) else {
            let mend = "write the first byte and the one after the last, such as [0..4]";
            return Err(self.wrong(start, "not a range of bytes", mend));
        };
        self.at = start + inside.len() + 2;
        Ok(Expression::Slice(Box::new(of), from, to))
    }

    /// Words up to the next that is a call, or a call.
    fn literal_or_call(&mut self, depth: usize) -> Read<Expression> {
        let start = self.at;
        let mut words: Vec<&str> = Vec::new();
        loop {
            let at = self.at;
            let word = self.word();
            if self.next_is('(') {
                if words.is_empty() {
                    return self.call(at, word, depth);
                }
                self.at = at;
                break;
            }
            if self.next_is('[') {
                let mend = "name it, or put it into parentheses, such as (01020304)[0..2]";
                return Err(self.wrong(self.at, "a range of a literal", mend));
            }
            words.push(word);
            self.skip_blanks();
            if !self.peek().is_some_and(|c| is_word(c) && c != '-') {
                break;
            }
        }
        self.literals.push(start);
        Ok(Expression::Literal(words.join(" ")))
    }

    fn call(&mut self, start: usize, name: &str, depth: usize) -> Read<Expression> {
        let Some(form) = CALLS.iter().find(|call| call.name == name) else {
            let known = CALLS.iter().map(|call| call.name);
            let mend = match nearest(name, known.clone()) {
                Some(near) => format!("did you mean {near}()?"),
                None => format!("the calls are {}", known.collect::<Vec<_>>().join(", ")),
            };
            return Err(self.wrong(start, format!("no call {name:?}"), mend));
        };
        let opened = self.at;
        self.at += 1;
        let mut arguments: Vec<(String, Expression)> = Vec::new();
        self.skip_blanks();
        while !self.next_is(')') {
            if !arguments.is_empty() {
                if !self.next_is(',') {
                    break;
                }
                self.at += 1;
            }
            let (input, value) = self.argument(form, &arguments, depth)?;
            arguments.push((input.to_owned(), value));
            self.skip_blanks();
        }
        self.close(opened)?;
        let said = |input: &&&str| arguments.iter().any(|(known, _)| known == **input);
        if let Some(input) = form.needs.iter().find(|input| !said(input)) {
            let mend = format!("write {name}({input}=..)");
            return Err(self.wrong(start, format!("{name}() does not say {input}"), mend));
        }
        let mut call = Expression::Call(name.to_owned(), arguments);
        while self.next_is('[') {
            call = self.range(call)?;
        }
        Ok(call)
    }

    fn argument(
        &mut self,
        form: &CallForm,
        before: &[(String, Expression)],
        depth: usize,
    ) -> Read<(&'t str, Expression)> {
        self.skip_blanks();
        let (start, name) = (self.at, form.name);
        let input = self.identifier();
        self.skip_blanks();
        if input.is_empty() || !self.next_is('=') {
            let mend = format!("write each input as name=value, such as {name}(name=value)");
            return Err(self.wrong(start, format!("not an input of {name}()"), mend));
        }
        let known = form.needs.iter().chain(form.takes).copied();
        if !known.clone().any(|known| known == input) {
            let mend = match nearest(input, known.clone()) {
                Some(near) => format!("did you mean {near}?"),
                None if form.takes.is_empty() && form.needs.is_empty() => "remove it".to_owned(),
                None => format!("it has {}", known.collect::<Vec<_>>().join(", ")),
            };
            return Err(self.wrong(start, format!("{name}() has no input {input:?}"), mend));
        }
        if before.iter().any(|(said, _)| said == input) {
            let mend = "say each input once";
            return Err(self.wrong(start, format!("{input} is said twice"), mend));
        }
        self.at += 1;
        self.skip_blanks();
        let value = match self.peek() {
            Some(',' | ')') => self.nothing()?,
            _ => self.sum(depth + 1)?,
        };
        Ok((input, value))
    }

    /// The operator that comes next. A minus has blanks around it: names have hyphens.
    fn operator(&mut self) -> Option<Operator> {
        self.skip_blanks();
        let rest = self.text.get(self.at..)?;
        Some(match rest.chars().next()? {
            '+' => Operator::Plus,
            '^' => Operator::Xor,
            '|' => Operator::Join,
            '-' if rest.chars().nth(1).is_none_or(char::is_whitespace) => Operator::Minus,
            _ => return None,
        })
    }

    fn close(&mut self, opened: usize) -> Read<()> {
        self.skip_blanks();
        match self.peek() {
            Some(')') => {
                self.at += 1;
                Ok(())
            }
            Some(c) => Err(self.unexpected(c)),
            None => Err(self.wrong(opened, "this parenthesis is not closed", "add a )")),
        }
    }

    fn count(&mut self) -> Read<()> {
        self.parts += 1;
        if self.parts <= MAX_PARTS {
            return Ok(());
        }
        let message = format!("more than {MAX_PARTS} parts in one value");
        Err(self.wrong(self.at, message, "capture a part of it in a step before"))
    }

    fn identifier(&mut self) -> &'t str {
        self.take(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    }

    fn word(&mut self) -> &'t str {
        self.take(is_word)
    }

    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|c| !fits(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        self.take(char::is_whitespace);
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next_is(&self, c: char) -> bool {
        self.peek() == Some(c)
    }

    fn missing(&self) -> ExpressionError {
        self.wrong(self.at, "a value is missing", "write bytes, a $name or a call here")
    }

    fn unexpected(&self, c: char) -> ExpressionError {
        let mend = "values are made of literals, $names, calls(), + - ^ | and parentheses; \
                    a minus has blanks around it";
        self.wrong(self.at, format!("{c:?} cannot stand here"), mend)
    }

    fn wrong(
        &self,
        at: usize,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> ExpressionError {
        ExpressionError { at, message: message.into(), mend: mend.into() }
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '?' | '-' | '_')
}

fn begins_part(c: char) -> bool {
    matches!(c, '$' | '(') || is_word(c) && c != '-'
}
