DROP TABLE billing_out, billing_in, voucher_miss, voucher_use, voucher, voucher_batch, change_forgotten, change, history, subscription,
    household, offer_row, offer;
DROP FUNCTION history_stays();
