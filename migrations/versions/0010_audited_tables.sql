-- What is told of each table when this migration was written; later ones call audit_table again for what they change.
-- Table, column of ids, told by value, told by name only, told with every change, what is told of new rows.

SELECT audit_table('enrolment_batch', 'id',
    '{id,number,year,channel,kind,plan,term,status,headcount,unit_fee,unit_municipal,unit_district,
      unit_grassroots,fee,municipal_share,district_share,grassroots_share,cover_start,cover_end,pay_by,
      submitted_by,submitted_at,reviewed_level,decided_by,decided_at,return_reason,district_batch_id,
      union_id,second_id,district_id}',
    '{return_text}',
    '{}', 'values');
SELECT audit_table('enrolment', 'member_id',
    '{year,batch_id,channel,status,cover_start,cover_end,marked,union_id,second_id,district_id}',
    '{member_id,person_key}',
    '{year}', 'ids');
SELECT audit_table('plan_choice', 'union_id',
    '{union_id,year,plan}',
    '{}',
    '{year}', 'values');
SELECT audit_table('enrolment_confirmation', 'member_id',
    '{year,confirmed_by,confirmed_at,union_id,second_id,district_id}',
    '{member_id}',
    '{year}', 'values');
SELECT audit_table('enrolment_exclusion', 'member_id',
    '{year,excluded_by,excluded_at,union_id,second_id,district_id}',
    '{member_id,reason}',
    '{year}', 'values');
SELECT audit_table('retirement_keep', 'member_id',
    '{year,kept_by,kept_at,file_id,union_id,second_id,district_id}',
    '{member_id,reason}',
    '{year}', 'values');
SELECT audit_table('district_batch', 'id',
    '{id,number,year,kind,status,headcount,headcount_member_card,headcount_social_card,fee,municipal_share,
      district_share,grassroots_share,owed,submitted_by,submitted_at,decided_by,decided_at,accepted_at,
      voucher_due_on,reject_reason,settled_at,union_id,second_id,district_id}',
    '{handler_name,handler_phone,handler_email,reject_text}',
    '{}', 'values');
SELECT audit_table('district_batch_plan', 'district_batch_id',
    '{district_batch_id,plan,headcount,fee,owed}',
    '{}',
    '{plan}', 'values');
SELECT audit_table('payment_voucher', 'id',
    '{id,district_batch_id,file_id,amount,paid_on,status,reject_reason,uploaded_by,uploaded_at,decided_by,
      decided_at,union_id,second_id,district_id}',
    '{title,reject_text}',
    '{}', 'values');
SELECT audit_table('notice', 'id',
    '{id,number,year,kind,district_batch_id,union_id,second_id,district_id}',
    '{check_code}',
    '{}', 'values');
SELECT audit_table('notice_version', 'notice_id',
    '{notice_id,version,batch_id,issued_by,issued_at}',
    '{facts}',
    '{version}', 'values');
SELECT audit_table('member', 'id',
    '{id,kind,erased_at,union_id,second_id,district_id}',
    '{member_no,employer_id,name,id_type,id_number,id_number_hash,person_key,id_expires_on,
      id_never_expires,phone,sex,birth_date,retirement_class,tag,work_address,joined_on,remark,
      employment_status,social_card_status,status_checked_on,card_status,card_no,card_issued_on,
      card_problem}',
    '{}', 'ids');
SELECT audit_table('member_transfer', 'id',
    '{id,member_id,direction,state,from_union_id,from_second_id,from_district_id,to_union_id,to_second_id,
      to_district_id,proposed_by,proposed_at,decided_by,decided_at,reason_code}',
    '{asked_name,asked_number,note,reason_text}',
    '{}', 'ids');
SELECT audit_table('member_correction', 'member_id',
    '{id,year,source,import_id,corrected_by,corrected_at,union_id,second_id,district_id}',
    '{member_id,field,before,after}',
    '{}', 'count');
SELECT audit_table('erasure_request', 'id',
    '{id,member_id,ground,asker,state,requested_by,requested_at,decided_by,decided_at,erased,union_id,
      second_id,district_id}',
    '{note,answer}',
    '{}', 'values');
SELECT audit_table('protection_year', 'year',
    '{year,cover_start,cover_end,grassroots_payment_due,voucher_due_days,half_year_from,instant_start_rule,
      grassroots_programme,grassroots_signature,grassroots_late_rule,district_programme,district_signature,
      district_late_rule,retirement_warning,account_holder,account_number,account_bank}',
    '{}',
    '{}', 'values');
SELECT audit_table('protection_window', 'year',
    '{year,name,opens_at,closes_at}',
    '{}',
    '{name}', 'values');
SELECT audit_table('window_extension', 'id',
    '{id,year,window,opens_at,closes_at,granted_by,granted_at,union_id,second_id,district_id}',
    '{reason}',
    '{}', 'values');
SELECT audit_table('plan', '',
    '{code,name,position}',
    '{}',
    '{code}', 'values');
SELECT audit_table('year_plan', 'year',
    '{year,plan}',
    '{}',
    '{plan}', 'values');
SELECT audit_table('fee_setting', 'id',
    '{id,year,plan,union_category,term,fee,municipal_share,district_share,grassroots_share,valid_from,
      valid_to,updated_by}',
    '{}',
    '{}', 'values');
SELECT audit_table('fee_split', 'id',
    '{id,year,plan,union_category,term,district_id,union_id,fee,municipal_share,district_share,
      grassroots_share,set_by,set_at}',
    '{}',
    '{}', 'values');
SELECT audit_table('reason_code', 'id',
    '{id,kind,code,label_zh,label_en,position,active}',
    '{}',
    '{}', 'values');
SELECT audit_table('trade_union', 'id',
    '{id,code,name,type,level,parent_id,second_id,district_id,central_enterprise,created_at}',
    '{address,contact_name,contact_phone}',
    '{}', 'ids');
SELECT audit_table('employer', 'id',
    '{id,code,created_at,union_id,second_id,district_id}',
    '{name}',
    '{}', 'ids');
SELECT audit_table('ab_user', 'id',
    '{id,active,union_id,must_change_password,
      created_by_fk,password_changed_at,second_factor_at,first_account}',
    '{first_name,last_name,username,password,email,phone}',
    '{}', 'values');
SELECT audit_table('ab_user_role', 'user_id',
    '{id,user_id,role_id}',
    '{}',
    '{role_id}', 'values');
SELECT audit_table('ab_role', 'id',
    '{id,name}',
    '{}',
    '{}', 'values');
SELECT audit_table('ab_group', 'id',
    '{id,name,label,description}',
    '{}',
    '{}', 'values');
SELECT audit_table('ab_group_role', 'group_id',
    '{id,group_id,role_id}',
    '{}',
    '{role_id}', 'values');
SELECT audit_table('ab_user_group', 'user_id',
    '{id,user_id,group_id}',
    '{}',
    '{group_id}', 'values');
SELECT audit_table('ab_api_key', 'user_id',
    '{id,user_id,name,scopes,active,created_on,expires_on,revoked_on}',
    '{uuid,key_hash,lookup_hash,key_prefix}',
    '{id}', 'values');
SELECT audit_table('ab_register_user', 'id',
    '{id,registration_date}',
    '{first_name,last_name,username,password,email,registration_hash}',
    '{}', 'values');
SELECT audit_table('account_session', 'account_id',
    '{id,account_id,kind,created_at,ended_at,ended_why,ended_by}',
    '{token_hash,address,user_agent}',
    '{id}', 'values');
SELECT audit_table('second_factor_key', 'account_id',
    '{account_id,created_at,confirmed_at}',
    '{secret}',
    '{}', 'values');
SELECT audit_table('recovery_code', 'account_id',
    '{id,account_id,used_at}',
    '{code_hash}',
    '{}', 'ids');
SELECT audit_table('used_password', 'account_id',
    '{id,account_id,set_at}',
    '{hash}',
    '{id}', 'values');
SELECT audit_table('invitation', 'id',
    '{id,role,replaces_id,invited_by,invited_at,mailed_at,
      expires_at,accepted_at,account_id,withdrawn_at,union_id,second_id,district_id}',
    '{email,salt,token_hash}',
    '{}', 'values');
SELECT audit_table('role_holding', 'id',
    '{id,account_id,role,held_from,held_until,successor_id,union_id,second_id,district_id}',
    '{}',
    '{}', 'values');
SELECT audit_table('mail', 'id',
    '{id,purpose,invitation_id,created_at,sent_at}',
    '{to_address,facts,problem}',
    '{}', 'values');
SELECT audit_table('stored_file', 'id',
    '{id,media_type,size,sha256,sealed,stored_at,emptied_at}',
    '{name,content}',
    '{}', 'values');
SELECT audit_table('import_run', 'id',
    '{id,kind,member_kind,employer_id,file_id,state,rows,valid,invalid,created,updated,unchanged,
      problem_code,uploaded_by,uploaded_at,finished_at,forgotten_at,union_id,second_id,district_id}',
    '{file_name,headers,remarks,problem_facts}',
    '{}', 'values');
