-- Nobody approves what they submitted themselves. Former rows are left as they are (NOT VALID); every change of one,
-- and every new one, is held to it.
ALTER TABLE district_batch
    ADD COLUMN decided_by INTEGER REFERENCES ab_user (id),
    ADD COLUMN decided_at TIMESTAMP WITH TIME ZONE;
UPDATE district_batch b
   SET decided_by = e.actor_id, decided_at = e.at
  FROM (SELECT DISTINCT ON (object_id) object_id, actor_id, at
          FROM event
         WHERE object_kind = 'district_batch' AND action IN ('accept', 'reject')
         ORDER BY object_id, sequence DESC) e
 WHERE e.object_id = b.id;
ALTER TABLE enrolment_batch ADD CONSTRAINT nobody_approves_their_own_batch CHECK (
    status NOT IN ('approved', 'forwarded', 'completed')
    OR (decided_by IS NOT NULL AND decided_by IS DISTINCT FROM submitted_by)) NOT VALID;
ALTER TABLE district_batch ADD CONSTRAINT nobody_decides_what_they_filed CHECK (
    status = 'centre_review'
    OR (decided_by IS NOT NULL AND decided_by IS DISTINCT FROM submitted_by)) NOT VALID;
ALTER TABLE payment_voucher ADD CONSTRAINT nobody_decides_their_own_voucher CHECK (
    status = 'under_review'
    OR (decided_by IS NOT NULL AND decided_by IS DISTINCT FROM uploaded_by)) NOT VALID;
ALTER TABLE erasure_request ADD CONSTRAINT nobody_decides_their_own_erasure CHECK (
    state IN ('requested', 'withdrawn')
    OR (decided_by IS NOT NULL AND decided_by IS DISTINCT FROM requested_by)) NOT VALID;
ALTER TABLE member_transfer ADD CONSTRAINT nobody_decides_their_own_transfer CHECK (
    direction = 'move' OR state NOT IN ('accepted', 'refused')
    OR (decided_by IS NOT NULL AND decided_by IS DISTINCT FROM proposed_by)) NOT VALID;
