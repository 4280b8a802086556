-- What the ledger knows of the slots around the new ones: current sums and when each was last looked at.
CREATE OR REPLACE TEMP TABLE known AS
SELECT
    number, slot,
    max(observed_at) FILTER (sighted AND batch NOT IN (SELECT batch FROM undone)) AS last_seen,
    arg_max(reach, observed_at) FILTER (batch NOT IN (SELECT batch FROM undone)) AS reach,
    {% for q in quantities %}
    sum({{ q }})::BIGINT AS {{ q }}{{ "," if not loop.last }}
    {% endfor %}
FROM ledger
JOIN series USING (series)
WHERE slot BETWEEN $slot_from AND $slot_to
GROUP BY number, slot;
