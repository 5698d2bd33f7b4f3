//! Status words and what they mean.

use std::fmt;

/// SW1 SW2 of a response.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusWord(pub u16);

macro_rules! status_words {
    ($($name:ident $value:literal $en:literal $zh:literal;)*) => {
        impl StatusWord {
            $(#[doc = concat!($en, " (", $zh, ").")] pub const $name: Self = Self($value);)*
        }
        const TABLE: &[(u16, &str, &str)] = &[$(($value, $en, $zh)),*];
    };
}

status_words! {
    OK 0x9000 "done" "成功";
    DATA_MAY_BE_WRONG 0x6281 "part of the data may be wrong" "部分数据可能有错";
    END_OF_FILE 0x6282 "end of file reached before Le bytes" "文件结束";
    SELECTED_INVALID 0x6283 "selected file or application is invalidated" "所选文件无效";
    FCI_FORMAT 0x6284 "FCI format not as asked for" "FCI 格式不符";
    AUTHENTICATION_FAILED 0x6300 "authentication failed" "认证失败";
    STATE_UNCHANGED 0x6400 "execution error, nothing changed" "执行出错, 状态未改变";
    MEMORY_FAILURE 0x6581 "writing to memory failed" "写存储器失败";
    WRONG_LENGTH 0x6700 "wrong length" "长度错误";
    CLASS_NOT_FOR_FILE 0x6900 "class does not fit the file's line protection" "CLA 与线路保护要求不匹配";
    WRONG_STATE 0x6901 "command not accepted in this state" "命令不接受(无效状态)";
    FILE_TYPE 0x6981 "command does not fit the file type" "命令与文件结构不相容";
    SECURITY_STATUS 0x6982 "security state not satisfied" "不满足安全状态";
    METHOD_BLOCKED 0x6983 "authentication method blocked" "认证方法锁定";
    NO_CHALLENGE 0x6984 "no valid challenge" "引用数据无效(未申请随机数)";
    CONDITIONS 0x6985 "conditions of use not satisfied" "使用条件不满足";
    NO_CURRENT_FILE 0x6986 "no current file" "没有选择当前文件";
    SM_OBJECT_MISSING 0x6987 "secure messaging object missing" "安全报文数据项丢失";
    SM_MAC_WRONG 0x6988 "secure messaging MAC wrong" "安全报文 MAC 错误";
    WRONG_DATA 0x6A80 "wrong data" "数据域参数不正确";
    LOCKED 0x6A81 "function not supported, or application or card locked" "功能不支持/应用或卡片锁定";
    FILE_NOT_FOUND 0x6A82 "file not found" "文件未找到";
    RECORD_NOT_FOUND 0x6A83 "record not found" "记录未找到";
    NO_SPACE 0x6A84 "not enough space" "存储空间不足";
    TLV_INCONSISTENT 0x6A85 "data length inconsistent with TLV structure" "Lc 与 TLV 结构不一致";
    WRONG_P1P2 0x6A86 "P1 or P2 wrong" "P1、P2 参数不正确";
    KEY_NOT_FOUND 0x6A88 "key or data not found" "引用的数据或密钥未找到";
    FILE_EXISTS 0x6A89 "file exists already" "文件已存在";
    NO_KEY_FILE 0x6A8B "no key file" "没有密钥文件";
    WRONG_OFFSET 0x6B00 "offset beyond the end of the file" "偏移超出文件";
    UNKNOWN_INS 0x6D00 "instruction not supported" "INS 不支持";
    UNKNOWN_CLASS 0x6E00 "class not supported" "CLA 不支持";
    NO_DATA 0x6F00 "no data for GET RESPONSE" "无数据可取";
    AMOUNT_INSUFFICIENT 0x9301 "amount not sufficient" "金额不足";
    MAC_INVALID 0x9302 "MAC invalid" "MAC 无效";
    PERMANENTLY_LOCKED 0x9303 "application permanently locked" "应用永久锁定";
    BALANCE_INSUFFICIENT 0x9401 "balance not sufficient" "余额不足";
    COUNTER_AT_MAXIMUM 0x9402 "transaction counter at its maximum" "交易计数器达到最大值";
    KEY_INDEX_UNSUPPORTED 0x9403 "key index not supported" "密钥索引不支持";
    PROOF_UNAVAILABLE 0x9406 "requested MAC or TAC not available" "所需 MAC/TAC 不可用";
    RECORD_LOCKED 0x9407 "compound purchase record locked" "复合消费记录锁定";
    GREY_LOCKED 0x9408 "purse grey-locked" "钱包处于灰锁状态";
}

impl StatusWord {
    /// `61xx`: `xx` bytes wait for GET RESPONSE (00 is 256 or more).
    pub const fn more(bytes: usize) -> Self {
        Self(0x6100 | if bytes > 0xFF { 0 } else { bytes as u16 })
    }

    /// `6Cxx`: the right Le is `xx`.
    pub const fn right_le(bytes: usize) -> Self {
        Self(0x6C00 | if bytes > 0xFF { 0 } else { bytes as u16 })
    }

    /// `63Cx`: `x` tries left.
    pub const fn tries_left(tries: u8) -> Self {
        Self(0x63C0 | (tries & 0x0F) as u16)
    }

    /// SW1 and SW2.
    pub const fn bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }

    /// 9000.
    pub const fn is_ok(self) -> bool {
        self.0 == 0x9000
    }

    /// Meaning in English.
    pub fn meaning(self) -> String {
        self.describe(false)
    }

    /// Meaning in Chinese (中文含义).
    pub fn meaning_zh(self) -> String {
        self.describe(true)
    }

    fn describe(self, zh: bool) -> String {
        if let Some((_, english, chinese)) = TABLE.iter().find(|(value, ..)| *value == self.0) {
            return (*(if zh { chinese } else { english })).to_owned();
        }
        let low = self.0 & 0xFF;
        let bytes = if low == 0 { 0x100 } else { low };
        match (self.0 >> 8, zh) {
            (0x61, false) if low == 0 => "256 bytes or more to be fetched with GET RESPONSE".into(),
            (0x61, true) if low == 0 => "还有 256 字节或更多可用 GET RESPONSE 取回".into(),
            (0x61, false) => format!("{low} bytes to be fetched with GET RESPONSE"),
            (0x61, true) => format!("还有 {low} 字节可用 GET RESPONSE 取回"),
            (0x6C, false) => format!("wrong Le, {bytes} is right"),
            (0x6C, true) => format!("Le 错误, 应为 {bytes}"),
            (0x63, false) if low == 0xC1 => "wrong, one try left".to_owned(),
            (0x63, false) if low & 0xF0 == 0xC0 => format!("wrong, {} tries left", low & 0x0F),
            (0x63, true) if low & 0xF0 == 0xC0 => format!("验证失败, 还可再试 {} 次", low & 0x0F),
            (_, false) => "status word not in the table".to_owned(),
            (_, true) => "未列入表的状态字".to_owned(),
        }
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}
