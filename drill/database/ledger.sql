-- The ledger of a payments service. What one account loses another gains, so all balances add up to what they opened with.
CREATE TABLE account (id integer PRIMARY KEY, opening bigint NOT NULL, balance bigint NOT NULL);
CREATE TABLE payment (
  id uuid PRIMARY KEY,
  debit integer NOT NULL REFERENCES account,
  credit integer NOT NULL REFERENCES account,
  amount bigint NOT NULL CHECK (amount > 0),
  made timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (debit <> credit)
);
CREATE TABLE statement (id uuid PRIMARY KEY, payments bigint NOT NULL, total numeric NOT NULL, made timestamptz NOT NULL DEFAULT clock_timestamp());

-- Books a payment once, however often it is asked for. Returns the address of the server that wrote it.
CREATE FUNCTION pay(payment_id uuid, debtor integer, creditor integer, cents bigint) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO payment (id, debit, credit, amount) VALUES (payment_id, debtor, creditor, cents) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    UPDATE account SET balance = balance + CASE WHEN id = creditor THEN cents ELSE -cents END
    WHERE id IN (debtor, creditor);
  END IF;
  RETURN host(inet_server_addr());
END $$;

CREATE FUNCTION make_statement(statement_id uuid) RETURNS text
LANGUAGE sql AS $$
  INSERT INTO statement (id, payments, total) SELECT statement_id, count(*), coalesce(sum(amount), 0) FROM payment;
  SELECT json_build_object('id', id, 'payments', payments, 'total', total, 'server', host(inet_server_addr()))::text
  FROM statement WHERE id = statement_id;
$$;

-- Whether every balance is what the payments make of it, and their sum is what it was.
CREATE VIEW balanced AS
SELECT
  (SELECT sum(balance) = sum(opening) FROM account)
  AND NOT EXISTS (
    SELECT FROM account
    WHERE balance <> opening
      + (SELECT coalesce(sum(amount), 0) FROM payment WHERE credit = account.id)
      - (SELECT coalesce(sum(amount), 0) FROM payment WHERE debit = account.id)
  ) AS balanced;
