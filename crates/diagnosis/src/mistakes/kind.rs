//! Mistakes with the transaction type byte (交易类型标识).

use purse::TransactionType;

use super::grid::Grid;
use super::rows;
use crate::Field;

rows! { Kind
    "type-ep-purchase" Usual
        "the type is 06, EP purchase"
        "交易类型用了 06 (钱包消费)"
        |grid| kind(grid, TransactionType::PursePurchase);
    "type-capp" Usual
        "the type is 09, compound purchase"
        "交易类型用了 09 (复合消费)"
        |grid| kind(grid, TransactionType::Capp);
    "type-ed-purchase" Usual
        "the type is 05, ED purchase"
        "交易类型用了 05 (存折消费)"
        |grid| kind(grid, TransactionType::DepositPurchase);
    "type-ed-load" Usual
        "the type is 01, ED load"
        "交易类型用了 01 (存折圈存)"
        |grid| kind(grid, TransactionType::DepositLoad);
    "type-ep-load" Usual
        "the type is 02, EP load"
        "交易类型用了 02 (钱包圈存)"
        |grid| kind(grid, TransactionType::PurseLoad);
    "type-unload" Usual
        "the type is 03, unload"
        "交易类型用了 03 (圈提)"
        |grid| kind(grid, TransactionType::Unload);
    "type-cash" Usual
        "the type is 04, cash withdrawal"
        "交易类型用了 04 (取现)"
        |grid| kind(grid, TransactionType::Cash);
    "type-overdraft" Usual
        "the type is 07, overdraft update"
        "交易类型用了 07 (修改透支限额)"
        |grid| kind(grid, TransactionType::Overdraft);
    "type-mobile-overdraft" Usual
        "the type is 11, overdraft update of mobile-operator purses"
        "交易类型用了 11 (移动运营商的修改透支限额)"
        |grid| kind(grid, TransactionType::MobileOverdraft);
    "type-zero" Usual
        "the type is 00"
        "交易类型用了 00"
        |grid| grid.field(Field::Type, &[0x00], None);
}

fn kind(grid: &mut Grid<'_>, kind: TransactionType) {
    grid.field(Field::Type, &[kind as u8], None);
}
