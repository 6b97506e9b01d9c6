//! The tables, as the migrations make them.

diesel::table! {
    offer (single) {
        single -> Bool,
        version -> BigInt,
    }
}

diesel::table! {
    offer_row (kind, id) {
        kind -> Text,
        id -> Text,
        data -> Jsonb,
    }
}

diesel::table! {
    household (id) {
        id -> Uuid,
        created_at -> Timestamptz,
        welcomed -> Bool,
    }
}

diesel::table! {
    subscription (id) {
        id -> Uuid,
        household -> Uuid,
        package -> Text,
        plan -> Nullable<Text>,
        state -> Text,
        since -> Timestamptz,
        trial_ends -> Nullable<Timestamptz>,
        ends_at -> Nullable<Timestamptz>,
        billed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    history (id) {
        id -> BigInt,
        subscription -> Uuid,
        at -> Timestamptz,
        who -> Text,
        from_state -> Nullable<Text>,
        to_state -> Text,
        why -> Text,
    }
}

diesel::table! {
    change (place) {
        place -> BigInt,
        household -> Nullable<Uuid>,
        at -> Timestamptz,
    }
}

diesel::table! {
    change_forgotten (single) {
        single -> Bool,
        place -> BigInt,
    }
}

diesel::table! {
    voucher_batch (id) {
        id -> Uuid,
        name -> Text,
        package -> Text,
        days -> Integer,
        count -> Integer,
        uses -> Integer,
        valid_from -> Nullable<Timestamptz>,
        valid_until -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        stopped_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    voucher (hash) {
        hash -> Binary,
        batch -> Uuid,
        used -> Integer,
    }
}

diesel::table! {
    voucher_use (hash, household) {
        hash -> Binary,
        household -> Uuid,
        at -> Timestamptz,
    }
}

diesel::table! {
    voucher_miss (household, at) {
        household -> Uuid,
        at -> Timestamptz,
    }
}

diesel::table! {
    billing_in (id) {
        id -> Text,
        household -> Uuid,
        #[sql_name = "type"]
        kind -> Text,
        at -> Timestamptz,
        received_at -> Timestamptz,
        outcome -> Text,
    }
}

diesel::table! {
    billing_out (id) {
        id -> BigInt,
        household -> Uuid,
        body -> Text,
        created_at -> Timestamptz,
        next_at -> Timestamptz,
        tries -> Integer,
        refused -> Nullable<Text>,
    }
}

diesel::joinable!(history -> subscription (subscription));
diesel::joinable!(voucher -> voucher_batch (batch));
diesel::allow_tables_to_appear_in_same_query!(history, subscription, household);
diesel::allow_tables_to_appear_in_same_query!(voucher, voucher_batch, voucher_use);
