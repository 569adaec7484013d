-- not_null
SELECT
  *
FROM [support_data].[calls] AS [calls]
WHERE
  [calls].[customer_id] IS NULL;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE [calls].[customer_id] IS NULL) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

SELECT TOP 5 [id], [agent] FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE [calls].[customer_id] IS NULL) AS failing;

-- not_null_of_two
SELECT
  *
FROM [support_data].[calls] AS [calls]
WHERE
  [calls].[customer_id] IS NULL OR [calls].[agent] IS NULL;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE [calls].[customer_id] IS NULL OR [calls].[agent] IS NULL) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

-- not_null_of_loaded_rows
SELECT
  *
FROM (
  SELECT
    *
  FROM [support_data].[calls] AS [calls]
  WHERE
    [_dlt_load_id] IN ('1764000000.5')
) AS [calls]
WHERE
  [calls].[customer_id] IS NULL;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE [_dlt_load_id] IN ('1764000000.5')) AS [calls] WHERE [calls].[customer_id] IS NULL) AS failing) AS failing, (SELECT COUNT(*) FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE [_dlt_load_id] IN ('1764000000.5')) AS [calls]) AS checked;

-- unique
SELECT
  [calls].[id],
  COUNT(*) AS times
FROM [support_data].[calls] AS [calls]
WHERE
  NOT [calls].[id] IS NULL
GROUP BY
  [calls].[id]
HAVING
  COUNT(*) > 1;

SELECT (SELECT COUNT(*) FROM (SELECT [calls].[id] AS [id], COUNT(*) AS times FROM [support_data].[calls] AS [calls] WHERE NOT [calls].[id] IS NULL GROUP BY [calls].[id] HAVING COUNT(*) > 1) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

-- unique_together
SELECT
  [calls].[customer_id],
  [calls].[agent],
  COUNT(*) AS times
FROM [support_data].[calls] AS [calls]
WHERE
  NOT [calls].[customer_id] IS NULL AND NOT [calls].[agent] IS NULL
GROUP BY
  [calls].[customer_id],
  [calls].[agent]
HAVING
  COUNT(*) > 1;

SELECT (SELECT COUNT(*) FROM (SELECT [calls].[customer_id] AS [customer_id], [calls].[agent] AS [agent], COUNT(*) AS times FROM [support_data].[calls] AS [calls] WHERE NOT [calls].[customer_id] IS NULL AND NOT [calls].[agent] IS NULL GROUP BY [calls].[customer_id], [calls].[agent] HAVING COUNT(*) > 1) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

SELECT TOP 5 [agent], [times] FROM (SELECT [calls].[customer_id] AS [customer_id], [calls].[agent] AS [agent], COUNT(*) AS times FROM [support_data].[calls] AS [calls] WHERE NOT [calls].[customer_id] IS NULL AND NOT [calls].[agent] IS NULL GROUP BY [calls].[customer_id], [calls].[agent] HAVING COUNT(*) > 1) AS failing;

-- accepted_values
SELECT
  *
FROM [support_data].[calls] AS [calls]
WHERE
  NOT [calls].[status] IN ('open', 'on hold: 10%', 'it''s done');

SELECT (SELECT COUNT(*) FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE NOT [calls].[status] IN ('open', 'on hold: 10%', 'it''s done')) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

SELECT TOP 5 [status] FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE NOT [calls].[status] IN ('open', 'on hold: 10%', 'it''s done')) AS failing;

-- accepted_numbers
SELECT
  *
FROM [support_data].[calls] AS [calls]
WHERE
  NOT [calls].[id] IN (1, 2);

SELECT (SELECT COUNT(*) FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE NOT [calls].[id] IN (1, 2)) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

-- relationship
SELECT
  *
FROM [support_data].[calls] AS [calls]
WHERE
  NOT [calls].[customer_id] IS NULL
  AND NOT EXISTS(
    SELECT
      1
    FROM [support_data].[customers] AS [parent]
    WHERE
      [parent].[id] = [calls].[customer_id]
  );

SELECT (SELECT COUNT(*) FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE NOT [calls].[customer_id] IS NULL AND NOT EXISTS(SELECT 1 FROM [support_data].[customers] AS [parent] WHERE [parent].[id] = [calls].[customer_id])) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

SELECT TOP 5 [customer_id] FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE NOT [calls].[customer_id] IS NULL AND NOT EXISTS(SELECT 1 FROM [support_data].[customers] AS [parent] WHERE [parent].[id] = [calls].[customer_id])) AS failing;

-- row_count
SELECT
  *
FROM (
  SELECT
    COUNT(*) AS [row_count]
  FROM [support_data].[calls] AS [calls]
) AS counted
WHERE
  [row_count] < 100;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT COUNT(*) AS [row_count] FROM [support_data].[calls] AS [calls]) AS counted WHERE [row_count] < 100) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

SELECT TOP 5 [row_count] FROM (SELECT * FROM (SELECT COUNT(*) AS [row_count] FROM [support_data].[calls] AS [calls]) AS counted WHERE [row_count] < 100) AS failing;

-- row_count_met
SELECT
  *
FROM (
  SELECT
    COUNT(*) AS [row_count]
  FROM [support_data].[calls] AS [calls]
) AS counted
WHERE
  [row_count] < 1 OR [row_count] > 100;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT COUNT(*) AS [row_count] FROM [support_data].[calls] AS [calls]) AS counted WHERE [row_count] < 1 OR [row_count] > 100) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

SELECT TOP 5 [row_count] FROM (SELECT * FROM (SELECT COUNT(*) AS [row_count] FROM [support_data].[calls] AS [calls]) AS counted WHERE [row_count] < 1 OR [row_count] > 100) AS failing;

-- range
SELECT
  *
FROM [support_data].[calls] AS [calls]
WHERE
  [calls].[minutes] < 1 OR [calls].[minutes] > 9.5;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE [calls].[minutes] < 1 OR [calls].[minutes] > 9.5) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

-- range_of_some
SELECT
  *
FROM (
  SELECT
    *
  FROM [support_data].[calls] AS [calls]
  WHERE
    (
      id > 1 OR agent IS NULL
    )
) AS [calls]
WHERE
  [calls].[minutes] < 1;

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE (id > 1 OR agent IS NULL)) AS [calls] WHERE [calls].[minutes] < 1) AS failing) AS failing, (SELECT COUNT(*) FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE (id > 1 OR agent IS NULL)) AS [calls]) AS checked;

-- freshness
SELECT
  *
FROM (
  SELECT
    MAX([calls].[called_at]) AS [newest]
  FROM [support_data].[calls] AS [calls]
) AS newest_of_all
WHERE
  [newest] IS NULL
  OR CAST([newest] AS DATETIMEOFFSET) < CAST('2026-11-23 10:00:00+00:00' AS DATETIMEOFFSET);

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT MAX([calls].[called_at]) AS [newest] FROM [support_data].[calls] AS [calls]) AS newest_of_all WHERE [newest] IS NULL OR CAST([newest] AS DATETIMEOFFSET) < CAST('2026-11-23 10:00:00+00:00' AS DATETIMEOFFSET)) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

SELECT TOP 5 [newest] FROM (SELECT * FROM (SELECT MAX([calls].[called_at]) AS [newest] FROM [support_data].[calls] AS [calls]) AS newest_of_all WHERE [newest] IS NULL OR CAST([newest] AS DATETIMEOFFSET) < CAST('2026-11-23 10:00:00+00:00' AS DATETIMEOFFSET)) AS failing;

-- freshness_met
SELECT
  *
FROM (
  SELECT
    MAX([calls].[called_at]) AS [newest]
  FROM [support_data].[calls] AS [calls]
) AS newest_of_all
WHERE
  [newest] IS NULL
  OR CAST([newest] AS DATETIMEOFFSET) < CAST('2026-11-21 12:00:00+00:00' AS DATETIMEOFFSET);

SELECT (SELECT COUNT(*) FROM (SELECT * FROM (SELECT MAX([calls].[called_at]) AS [newest] FROM [support_data].[calls] AS [calls]) AS newest_of_all WHERE [newest] IS NULL OR CAST([newest] AS DATETIMEOFFSET) < CAST('2026-11-21 12:00:00+00:00' AS DATETIMEOFFSET)) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

SELECT TOP 5 [newest] FROM (SELECT * FROM (SELECT MAX([calls].[called_at]) AS [newest] FROM [support_data].[calls] AS [calls]) AS newest_of_all WHERE [newest] IS NULL OR CAST([newest] AS DATETIMEOFFSET) < CAST('2026-11-21 12:00:00+00:00' AS DATETIMEOFFSET)) AS failing;

-- expression
SELECT
  *
FROM [support_data].[calls] AS [calls]
WHERE
  NOT (
    minutes >= 5 AND minutes < 9
  );

SELECT (SELECT COUNT(*) FROM (SELECT * FROM [support_data].[calls] AS [calls] WHERE NOT (minutes >= 5 AND minutes < 9)) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

-- sql
WITH known AS (
  SELECT
    id AS id
  FROM [support_data].[customers] AS customers
)
SELECT
  calls.id,
  calls.agent
FROM [support_data].[calls] AS calls
LEFT JOIN known
  ON known.id = calls.customer_id
WHERE
  known.id IS NULL
ORDER BY
  calls.id;

WITH known AS (SELECT id AS id FROM [support_data].[customers] AS customers) SELECT (SELECT COUNT(*) FROM (SELECT calls.id AS id, calls.agent AS agent FROM [support_data].[calls] AS calls LEFT JOIN known ON known.id = calls.customer_id WHERE known.id IS NULL) AS failing) AS failing, (SELECT COUNT(*) FROM [support_data].[calls] AS [calls]) AS checked;

WITH known AS (SELECT id AS id FROM [support_data].[customers] AS customers) SELECT TOP 5 [id] FROM (SELECT calls.id AS id, calls.agent AS agent FROM [support_data].[calls] AS calls LEFT JOIN known ON known.id = calls.customer_id WHERE known.id IS NULL) AS failing;
