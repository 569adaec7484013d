-- not_null
SELECT
  *
FROM "acme"."support_data___calls" AS "calls"
WHERE
  "calls"."customer_id" IS NULL;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE "calls"."customer_id" IS NULL) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

SELECT "id", "agent" FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE "calls"."customer_id" IS NULL) AS failing LIMIT 5;

-- not_null_of_two
SELECT
  *
FROM "acme"."support_data___calls" AS "calls"
WHERE
  "calls"."customer_id" IS NULL OR "calls"."agent" IS NULL;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE "calls"."customer_id" IS NULL OR "calls"."agent" IS NULL) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

-- not_null_of_loaded_rows
SELECT
  *
FROM (
  SELECT
    *
  FROM "acme"."support_data___calls" AS "calls"
  WHERE
    "_dlt_load_id" IN ('1764000000.5')
) AS "calls"
WHERE
  "calls"."customer_id" IS NULL;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE "_dlt_load_id" IN ('1764000000.5')) AS "calls" WHERE "calls"."customer_id" IS NULL) AS failing) AS failing, (SELECT COUNT(*) FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE "_dlt_load_id" IN ('1764000000.5')) AS "calls") AS checked;

-- unique
SELECT
  "calls"."id",
  COUNT(*) AS times
FROM "acme"."support_data___calls" AS "calls"
WHERE
  NOT (
    "calls"."id" IS NULL
  )
GROUP BY
  "calls"."id"
HAVING
  COUNT(*) > 1;

SELECT (SELECT COUNT(*) FROM (SELECT "calls"."id", COUNT(*) AS times FROM "acme"."support_data___calls" AS "calls" WHERE NOT ("calls"."id" IS NULL) GROUP BY "calls"."id" HAVING COUNT(*) > 1) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

-- unique_together
SELECT
  "calls"."customer_id",
  "calls"."agent",
  COUNT(*) AS times
FROM "acme"."support_data___calls" AS "calls"
WHERE
  NOT (
    "calls"."customer_id" IS NULL
  ) AND NOT (
    "calls"."agent" IS NULL
  )
GROUP BY
  "calls"."customer_id",
  "calls"."agent"
HAVING
  COUNT(*) > 1;

SELECT (SELECT COUNT(*) FROM (SELECT "calls"."customer_id", "calls"."agent", COUNT(*) AS times FROM "acme"."support_data___calls" AS "calls" WHERE NOT ("calls"."customer_id" IS NULL) AND NOT ("calls"."agent" IS NULL) GROUP BY "calls"."customer_id", "calls"."agent" HAVING COUNT(*) > 1) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

SELECT "agent", "times" FROM (SELECT "calls"."customer_id", "calls"."agent", COUNT(*) AS times FROM "acme"."support_data___calls" AS "calls" WHERE NOT ("calls"."customer_id" IS NULL) AND NOT ("calls"."agent" IS NULL) GROUP BY "calls"."customer_id", "calls"."agent" HAVING COUNT(*) > 1) AS failing LIMIT 5;

-- accepted_values
SELECT
  *
FROM "acme"."support_data___calls" AS "calls"
WHERE
  NOT (
    "calls"."status" IN ('open', 'on hold: 10%', 'it''s done')
  );

SELECT (SELECT COUNT(*) FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE NOT ("calls"."status" IN ('open', 'on hold: 10%', 'it''s done'))) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

SELECT "status" FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE NOT ("calls"."status" IN ('open', 'on hold: 10%', 'it''s done'))) AS failing LIMIT 5;

-- accepted_numbers
SELECT
  *
FROM "acme"."support_data___calls" AS "calls"
WHERE
  NOT (
    "calls"."id" IN (1, 2)
  );

SELECT (SELECT COUNT(*) FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE NOT ("calls"."id" IN (1, 2))) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

-- relationship
SELECT
  *
FROM "acme"."support_data___calls" AS "calls"
WHERE
  NOT (
    "calls"."customer_id" IS NULL
  )
  AND NOT (
    "calls"."customer_id" IN (
      SELECT
        "parent"."id"
      FROM "acme"."support_data___customers" AS "parent"
      WHERE
        NOT (
          "parent"."id" IS NULL
        )
    )
  );

SELECT (SELECT COUNT(*) FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE NOT ("calls"."customer_id" IS NULL) AND NOT ("calls"."customer_id" IN (SELECT "parent"."id" FROM "acme"."support_data___customers" AS "parent" WHERE NOT ("parent"."id" IS NULL)))) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

SELECT "customer_id" FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE NOT ("calls"."customer_id" IS NULL) AND NOT ("calls"."customer_id" IN (SELECT "parent"."id" FROM "acme"."support_data___customers" AS "parent" WHERE NOT ("parent"."id" IS NULL)))) AS failing LIMIT 5;

-- row_count
SELECT
  *
FROM (
  SELECT
    COUNT(*) AS "row_count"
  FROM "acme"."support_data___calls" AS "calls"
) AS counted
WHERE
  "row_count" < 100;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT COUNT(*) AS "row_count" FROM "acme"."support_data___calls" AS "calls") AS counted WHERE "row_count" < 100) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

SELECT "row_count" FROM (SELECT * FROM (SELECT COUNT(*) AS "row_count" FROM "acme"."support_data___calls" AS "calls") AS counted WHERE "row_count" < 100) AS failing LIMIT 5;

-- row_count_met
SELECT
  *
FROM (
  SELECT
    COUNT(*) AS "row_count"
  FROM "acme"."support_data___calls" AS "calls"
) AS counted
WHERE
  "row_count" < 1 OR "row_count" > 100;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT COUNT(*) AS "row_count" FROM "acme"."support_data___calls" AS "calls") AS counted WHERE "row_count" < 1 OR "row_count" > 100) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

SELECT "row_count" FROM (SELECT * FROM (SELECT COUNT(*) AS "row_count" FROM "acme"."support_data___calls" AS "calls") AS counted WHERE "row_count" < 1 OR "row_count" > 100) AS failing LIMIT 5;

-- range
SELECT
  *
FROM "acme"."support_data___calls" AS "calls"
WHERE
  "calls"."minutes" < 1 OR "calls"."minutes" > 9.5;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE "calls"."minutes" < 1 OR "calls"."minutes" > 9.5) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

-- range_of_some
SELECT
  *
FROM (
  SELECT
    *
  FROM "acme"."support_data___calls" AS "calls"
  WHERE
    (
      id > 1 OR agent IS NULL
    )
) AS "calls"
WHERE
  "calls"."minutes" < 1;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE (id > 1 OR agent IS NULL)) AS "calls" WHERE "calls"."minutes" < 1) AS failing) AS failing, (SELECT COUNT(*) FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE (id > 1 OR agent IS NULL)) AS "calls") AS checked;

-- freshness
SELECT
  *
FROM (
  SELECT
    MAX("calls"."called_at") AS "newest"
  FROM "acme"."support_data___calls" AS "calls"
) AS newest_of_all
WHERE
  "newest" IS NULL
  OR "newest" < parseDateTimeBestEffort('2026-11-23 10:00:00+00:00');

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT MAX("calls"."called_at") AS "newest" FROM "acme"."support_data___calls" AS "calls") AS newest_of_all WHERE "newest" IS NULL OR "newest" < parseDateTimeBestEffort('2026-11-23 10:00:00+00:00')) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

SELECT "newest" FROM (SELECT * FROM (SELECT MAX("calls"."called_at") AS "newest" FROM "acme"."support_data___calls" AS "calls") AS newest_of_all WHERE "newest" IS NULL OR "newest" < parseDateTimeBestEffort('2026-11-23 10:00:00+00:00')) AS failing LIMIT 5;

-- freshness_met
SELECT
  *
FROM (
  SELECT
    MAX("calls"."called_at") AS "newest"
  FROM "acme"."support_data___calls" AS "calls"
) AS newest_of_all
WHERE
  "newest" IS NULL
  OR "newest" < parseDateTimeBestEffort('2026-11-21 12:00:00+00:00');

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT MAX("calls"."called_at") AS "newest" FROM "acme"."support_data___calls" AS "calls") AS newest_of_all WHERE "newest" IS NULL OR "newest" < parseDateTimeBestEffort('2026-11-21 12:00:00+00:00')) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

SELECT "newest" FROM (SELECT * FROM (SELECT MAX("calls"."called_at") AS "newest" FROM "acme"."support_data___calls" AS "calls") AS newest_of_all WHERE "newest" IS NULL OR "newest" < parseDateTimeBestEffort('2026-11-21 12:00:00+00:00')) AS failing LIMIT 5;

-- expression
SELECT
  *
FROM "acme"."support_data___calls" AS "calls"
WHERE
  NOT (
    minutes >= 5 AND minutes < 9
  );

SELECT (SELECT COUNT(*) FROM (SELECT * FROM "acme"."support_data___calls" AS "calls" WHERE NOT (minutes >= 5 AND minutes < 9)) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

-- sql
WITH known AS (
  SELECT
    id
  FROM "acme"."support_data___customers" AS customers
)
SELECT
  calls.id,
  calls.agent
FROM "acme"."support_data___calls" AS calls
LEFT JOIN known
  ON known.id = calls.customer_id
WHERE
  known.id IS NULL
ORDER BY
  calls.id;

SELECT (SELECT COUNT(*) FROM (WITH known AS (SELECT id FROM "acme"."support_data___customers" AS customers) SELECT calls.id, calls.agent FROM "acme"."support_data___calls" AS calls LEFT JOIN known ON known.id = calls.customer_id WHERE known.id IS NULL) AS failing) AS failing, (SELECT COUNT(*) FROM "acme"."support_data___calls" AS "calls") AS checked;

SELECT "id" FROM (WITH known AS (SELECT id FROM "acme"."support_data___customers" AS customers) SELECT calls.id, calls.agent FROM "acme"."support_data___calls" AS calls LEFT JOIN known ON known.id = calls.customer_id WHERE known.id IS NULL) AS failing LIMIT 5;
